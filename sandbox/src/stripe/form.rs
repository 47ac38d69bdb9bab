//! Form-encoded requests with nested brackets, as Stripe's SDKs send them, in bodies and in query strings.

use super::errors::ApiError;

/// Brackets deeper than this are refused: no request needs them, and they must not cost the stack.
const DEEPEST: usize = 8;

/// A parameter: a text, or named (or numbered) parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A plain value.
    Text(String),
    /// `name[part]=…`, `name[]=…` and `name[0]=…`, in order of arrival.
    Branch(Branch),
}

/// Named parts in order of arrival. A repeated name replaces the earlier value, except under `[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Branch {
    parts: Vec<(String, Node)>,
}

impl Branch {
    /// Parses an encoded body or query string.
    pub fn parse(encoded: &[u8]) -> Result<Self, ApiError> {
        let mut root = Self::default();
        for (key, value) in form_urlencoded::parse(encoded) {
            let path = split_key(&key);
            if path.len() > DEEPEST {
                return Err(ApiError::invalid(format!("Invalid parameter name: {key}")).param(&key));
            }
            root.put(&path, value.into_owned());
        }
        Ok(root)
    }

    /// The part of this name.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.parts
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, node)| node)
    }

    /// All parts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.parts.iter().map(|(key, node)| (key.as_str(), node))
    }

    fn put(&mut self, path: &[&str], value: String) {
        let Some((first, rest)) = path.split_first() else {
            return;
        };
        let name = if first.is_empty() {
            self.parts.len().to_string()
        } else {
            (*first).to_owned()
        };
        let position = match self.parts.iter().position(|(key, _)| *key == name) {
            Some(position) => position,
            None => {
                self.parts.push((name, Node::Text(String::new())));
                self.parts.len() - 1
            }
        };
        let node = &mut self.parts[position].1;
        if rest.is_empty() {
            *node = Node::Text(value);
            return;
        }
        if let Node::Text(_) = node {
            *node = Node::Branch(Self::default());
        }
        if let Node::Branch(branch) = node {
            branch.put(rest, value);
        }
    }
}

/// `a[b][]` becomes `a`, `b` and an empty name; a key with unbalanced brackets stays whole.
fn split_key(key: &str) -> Vec<&str> {
    let Some((head, tail)) = key.split_once('[') else {
        return vec![key];
    };
    let Some(inner) = tail.strip_suffix(']') else {
        return vec![key];
    };
    let mut path = vec![head];
    path.extend(inner.split("]["));
    path
}

#[cfg(test)]
mod tests {
    use super::{Branch, Node};

    fn text(node: Option<&Node>) -> Option<&str> {
        match node {
            Some(Node::Text(text)) => Some(text),
            Some(Node::Branch(_)) | None => None,
        }
    }

    #[test]
    fn nested_brackets_become_branches() {
        let body = b"amount=5&metadata[a%20b]=x+y&types[]=card&types[]=link&more[1]=b&more[0]=a&d[e][f]=g";
        let form = Branch::parse(body).unwrap();
        assert_eq!(text(form.get("amount")), Some("5"));
        let Some(Node::Branch(metadata)) = form.get("metadata") else {
            panic!("metadata is a branch")
        };
        assert_eq!(text(metadata.get("a b")), Some("x y"));
        let Some(Node::Branch(types)) = form.get("types") else {
            panic!("types is a branch")
        };
        assert_eq!(
            types
                .iter()
                .map(|(_, node)| text(Some(node)).unwrap())
                .collect::<Vec<_>>(),
            ["card", "link"]
        );
        let Some(Node::Branch(deep)) = form.get("d") else {
            panic!("d is a branch")
        };
        assert!(matches!(deep.get("e"), Some(Node::Branch(_))));
    }

    #[test]
    fn odd_keys_do_not_break_the_parser() {
        for body in ["a[=1", "a]b=1", "[x]=1", "=", "a[b=1&a[b]=2", "&&"] {
            Branch::parse(body.as_bytes()).unwrap();
        }
        let deep = format!("a{}=1", "[b]".repeat(5_000));
        Branch::parse(deep.as_bytes()).unwrap_err();
    }
}

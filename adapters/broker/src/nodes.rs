//! Where the broker is: one address, or those of all nodes of a cluster.
//!
//! To us the nodes are one broker, so their addresses must agree in user, password and vhost. Whoever connects begins at
//! a random node: load spreads, and no two connections can keep stumbling over the same node in step.

use domain::secret::Secret;
use lapin::uri::AMQPUri;
use uuid::Uuid;

/// Beyond this a dead connection is noticed, in seconds. The broker's own default of a minute is too long to answer
/// callers honestly.
const HEARTBEAT_S: u16 = 10;

/// The address of the broker cannot be read. Does not repeat it, as it holds the password.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error(
    "expected amqp://user:password@host:port/vhost (or amqps://), with / in the vhost written as %2f; for a cluster the \
     addresses of its nodes separated by commas, with a comma in the password written as %2c: {0}"
)]
pub struct InvalidUrl(String);

/// The nodes of the broker. Never none.
pub(crate) struct Nodes(Vec<AMQPUri>);

impl Nodes {
    pub(crate) fn read(addresses: &Secret) -> Result<Self, InvalidUrl> {
        let nodes = addresses
            .expose()
            .split(',')
            .map(|address| read_one(address.trim()))
            .collect::<Result<Vec<_>, _>>()?;
        let nodes = Self(nodes);
        nodes.agree()?;
        Ok(nodes)
    }

    /// The user we are to the broker.
    pub(crate) fn user(&self) -> &str {
        self.0
            .first()
            .map_or("", |node| &node.authority.userinfo.username)
    }

    pub(crate) fn are_several(&self) -> bool {
        self.0.len() > 1
    }

    /// All nodes in turn, beginning with a random one.
    pub(crate) fn starting_anywhere(mut self) -> impl Iterator<Item = AMQPUri> {
        let (random, _) = Uuid::new_v4().as_u64_pair();
        let first = usize::try_from(random).unwrap_or_default() % self.0.len();
        self.0.rotate_left(first);
        self.0.into_iter()
    }

    fn agree(&self) -> Result<(), InvalidUrl> {
        self.agree_in("user", |node| &node.authority.userinfo.username)?;
        self.agree_in("password", |node| &node.authority.userinfo.password)?;
        self.agree_in("vhost", |node| &node.vhost)
    }

    fn agree_in(&self, what: &str, of: fn(&AMQPUri) -> &String) -> Result<(), InvalidUrl> {
        let mut values = self.0.iter().map(of);
        let first = values.next();
        if values.all(|value| Some(value) == first) {
            Ok(())
        } else {
            Err(InvalidUrl(format!("the addresses differ in the {what}")))
        }
    }
}

/// What the parser says of another beginning may repeat it, and after a comma in a password that is a part of it.
fn read_one(address: &str) -> Result<AMQPUri, InvalidUrl> {
    let scheme = address.split("://").next().unwrap_or_default();
    if !["amqp", "amqps"].contains(&scheme) || scheme == address {
        return Err(InvalidUrl(
            "an address does not begin with amqp:// or amqps://".to_owned(),
        ));
    }
    let mut uri: AMQPUri = address.parse().map_err(InvalidUrl)?;
    uri.query.heartbeat.get_or_insert(HEARTBEAT_S);
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn nodes(addresses: &str) -> Result<Nodes, InvalidUrl> {
        Nodes::read(&Secret::new(addresses))
    }

    fn refusal(addresses: &str) -> String {
        nodes(addresses).err().unwrap().to_string()
    }

    #[test]
    fn reads_the_user_from_the_address() {
        assert_eq!(
            nodes("amqp://a%40b:secret@localhost:5672/%2f").unwrap().user(),
            "a@b"
        );
    }

    #[test]
    fn a_bad_address_is_refused_without_being_repeated() {
        for bad in [
            "",
            "localhost",
            "http://user:hunter2@localhost/",
            "amqp:user:hunter2@localhost/",
            "amqp://user:hunter2@local host/",
            "amqp://user:hunter2@localhost:no/",
            "amqp://user:hunter2@a/v,",
            "amqp://user:hunter2@a/v,,amqp://user:hunter2@b/v",
            "amqp://user:x,hunter2:y@a/v",
            "amqp://user:x,hunter2://y@a/v",
        ] {
            let refusal = refusal(bad);
            assert!(!refusal.contains("hunter2"), "{refusal}");
        }
    }

    #[test]
    fn the_nodes_of_a_cluster_are_one_broker() {
        for (bad, what) in [
            ("amqp://u:p@a/v,amqp://x:p@b/v", "user"),
            ("amqp://u:p@a/v,amqp://u:p@b/v,amqp://u:x@c/v", "password"),
            ("amqp://u:p@a/v,amqp://u:p@b/x", "vhost"),
        ] {
            let refusal = refusal(bad);
            assert!(
                refusal.ends_with(&format!("differ in the {what}")),
                "{bad}: {refusal}"
            );
        }
    }

    #[test]
    fn a_comma_in_a_password_is_written_as_2c() {
        let nodes = nodes("amqp://u:p%2c@a/v, amqps://u:p%2C@b/v").unwrap();
        let passwords: Vec<_> = nodes
            .0
            .iter()
            .map(|node| node.authority.userinfo.password.as_str())
            .collect();
        assert_eq!(passwords, ["p,", "p,"]);
    }

    #[test]
    fn every_node_is_tried_and_any_may_be_the_first() {
        let all: HashSet<String> = ["a", "b", "c"].map(str::to_owned).into();
        let mut first = HashSet::new();
        for _ in 0..200 {
            let nodes = nodes("amqp://u:p@a/v,amqp://u:p@b/v,amqp://u:p@c/v").unwrap();
            let hosts: Vec<String> = nodes
                .starting_anywhere()
                .map(|node| node.authority.host)
                .collect();
            first.insert(hosts[0].clone());
            assert_eq!(HashSet::from_iter(hosts), all);
        }
        assert_eq!(first, all);
    }
}

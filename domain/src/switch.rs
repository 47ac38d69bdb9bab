//! What people can pause and resume. It holds for all processes, until it is resumed.

use std::fmt;

use crate::{channel::Channel, id::MerchantId, job::Kind};

/// A thing that can be paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Switch {
    /// The queue of a kind of job: none of its jobs is begun.
    Queue(Kind),
    /// A provider: no call to it is begun, and new payments take another way where they have one.
    Channel(Channel),
    /// A merchant's notifications: they are kept, and sent later.
    Notifications(MerchantId),
}

impl Switch {
    /// What kind of thing it is; also a metric's label, and the name in the database.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Queue(_) => "queue",
            Self::Channel(_) => "channel",
            Self::Notifications(_) => "notifications",
        }
    }

    /// Which one of its kind.
    pub fn name(self) -> String {
        match self {
            Self::Queue(kind) => kind.name().to_owned(),
            Self::Channel(channel) => channel.name().to_owned(),
            Self::Notifications(merchant) => merchant.to_string(),
        }
    }

    /// The thing of this kind and name, if there is such a thing: a newer version may know more of them.
    pub fn named(what: &str, name: &str) -> Option<Self> {
        match what {
            "queue" => name.parse().ok().map(Self::Queue),
            "channel" => name.parse().ok().map(Self::Channel),
            "notifications" => name.parse().ok().map(Self::Notifications),
            _ => None,
        }
    }
}

impl fmt::Display for Switch {
    /// `queue create_intent`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.what(), self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_names() {
        let merchant = MerchantId::random();
        for switch in [
            Switch::Queue(Kind::NotifyMerchant),
            Switch::Channel(Channel::Alipay),
            Switch::Notifications(merchant),
        ] {
            assert_eq!(Switch::named(switch.what(), &switch.name()), Some(switch));
        }
        assert_eq!(Switch::named("queue", "alipay"), None);
        assert_eq!(Switch::named("weather", "fine"), None);
    }
}

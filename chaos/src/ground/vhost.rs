//! A vhost of its own, with a user of its own.

use std::thread;

use anyhow::Context;
use reqwest::{Client, Method, Url};
use serde_json::{Value, json};
use uuid::Uuid;

/// A vhost and the user who may do anything in it. Both are gone when this is dropped.
#[derive(Debug)]
pub struct Vhost {
    management: String,
    name: String,
    password: String,
    is_there: bool,
}

impl Vhost {
    /// Makes the vhost, and the user of the same name.
    pub async fn create(management_url: &str, name: &str) -> anyhow::Result<Self> {
        let vhost = Self {
            management: management_url.trim_end_matches('/').to_owned(),
            name: name.to_owned(),
            password: Uuid::new_v4().to_string(),
            is_there: true,
        };
        let user = json!({ "password": vhost.password, "tags": "" });
        let all = json!({ "configure": ".*", "write": ".*", "read": ".*" });
        vhost.put("vhosts/{name}", json!({})).await?;
        vhost.put("users/{name}", user).await?;
        vhost.put("permissions/{name}/{name}", all).await?;
        Ok(vhost)
    }

    /// The addresses of the same nodes, for this vhost and its user.
    pub fn address_of_each(&self, amqp_url: &str) -> anyhow::Result<String> {
        let addresses = amqp_url.split(',').map(|url| self.address(url.trim()));
        Ok(addresses.collect::<anyhow::Result<Vec<_>>>()?.join(","))
    }

    /// Removes both.
    pub async fn remove(&mut self) -> anyhow::Result<()> {
        self.is_there = false;
        for path in ["vhosts/{name}", "users/{name}"] {
            self.request(Method::DELETE, path, None).await?;
        }
        Ok(())
    }

    fn address(&self, amqp_url: &str) -> anyhow::Result<String> {
        let mut url = Url::parse(amqp_url).context("AMQP_URL is not an address")?;
        url.set_path(&self.name);
        let signed = url.set_username(&self.name).is_ok() && url.set_password(Some(&self.password)).is_ok();
        anyhow::ensure!(signed, "AMQP_URL names no host");
        Ok(url.into())
    }

    async fn put(&self, path: &str, body: Value) -> anyhow::Result<()> {
        self.request(Method::PUT, path, Some(body)).await
    }

    async fn request(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<()> {
        let url = format!("{}/api/{}", self.management, path.replace("{name}", &self.name));
        let mut request = client()?.request(method, url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        // The address holds a password.
        let response = request.send().await.map_err(reqwest::Error::without_url);
        let response = response.context("RabbitMQ's management API does not answer")?;
        let status = response.status();
        anyhow::ensure!(status.is_success(), "RabbitMQ's management API, {path}: {status}");
        Ok(())
    }
}

impl Drop for Vhost {
    /// On a thread of its own, as nothing can be awaited here. What is left behind hurts nobody.
    fn drop(&mut self) {
        if self.is_there {
            let mut same = Self {
                management: self.management.clone(),
                name: self.name.clone(),
                password: String::new(),
                is_there: false,
            };
            let dropping = thread::spawn(move || super::alone(same.remove()));
            let _ = dropping.join();
        }
    }
}

fn client() -> anyhow::Result<Client> {
    e2e::world::http()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_leads_to_the_vhost_as_its_user() {
        let vhost = Vhost {
            management: String::new(),
            name: "run_1".to_owned(),
            password: "secret".to_owned(),
            is_there: false,
        };
        let addresses = vhost
            .address_of_each("amqp://a:b@one:5672/x, amqps://two?heartbeat=5")
            .unwrap();
        let expected = "amqp://run_1:secret@one:5672/run_1,amqps://run_1:secret@two/run_1?heartbeat=5";
        assert_eq!(addresses, expected);
    }
}

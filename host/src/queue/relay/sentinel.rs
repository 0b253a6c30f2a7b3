//! Asking sentinels who the master is.

use redis::RedisError;

use super::dial::{Address, Dialler};
use super::directory::FindError;

/// The sentinels of one master.
pub struct Sentinels {
    /// Where they are, and how one logs in there.
    pub at: Vec<(Address, Dialler)>,
    /// What they call the master.
    pub master: String,
    /// How one logs in at the master.
    pub dialler: Dialler,
}

impl Sentinels {
    /// The master, by the first sentinel that answers. `known`: who was the master before. Another one is believed only
    /// if it says so itself: a sentinel that has been cut off tells what once was.
    pub async fn find(&mut self, known: Option<&Address>) -> Result<Address, FindError> {
        let mut failed = FindError::default();
        for place in 0..self.at.len() {
            let (sentinel, dialler) = &self.at[place];
            match self.ask(sentinel, dialler).await {
                Ok(Some(master)) if Some(&master) == known => return Ok(self.found(place, master)),
                Ok(Some(master)) => match self.is_master(&master).await {
                    Ok(true) => return Ok(self.found(place, master)),
                    Ok(false) => failed
                        .note(format!("{master} is a replica, though the sentinel at {sentinel} calls it the master")),
                    Err(error) => failed.note_error(&format!("the master at {master}"), &error),
                },
                Ok(None) => failed.note(format!("the sentinel at {sentinel} knows no master {:?}", self.master)),
                Err(error) => failed.note_error(&format!("the sentinel at {sentinel}"), &error),
            }
        }
        Err(failed)
    }

    /// The sentinel that knew it is asked first the next time.
    fn found(&mut self, place: usize, master: Address) -> Address {
        self.at[..=place].rotate_right(1);
        master
    }

    async fn ask(&self, sentinel: &Address, dialler: &Dialler) -> Result<Option<Address>, RedisError> {
        let mut asking = dialler.ask(sentinel).await?;
        let mut command = redis::cmd("SENTINEL");
        command.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.master);
        let found: Option<(String, u16)> = command.query_async(&mut asking.connection).await?;
        Ok(found.map(|(host, port)| Address { host, port }))
    }

    /// Whether it says so. A server that does not tell this user is believed to be what it is called.
    async fn is_master(&self, address: &Address) -> Result<bool, RedisError> {
        let mut asking = self.dialler.ask(address).await?;
        let role: Result<Vec<redis::Value>, _> = redis::cmd("ROLE").query_async(&mut asking.connection).await;
        match role {
            Ok(role) => {
                let role: Option<String> = role.into_iter().next().and_then(|role| redis::from_redis_value(role).ok());
                Ok(role.as_deref() == Some("master"))
            }
            Err(error) if error.code() == Some("NOPERM") => Ok(true),
            Err(error) => Err(error),
        }
    }
}

//! Asks sentinels for the address of the master.

use std::cmp::Reverse;
use std::collections::HashMap;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use redis::RedisError;

use super::dial::{Address, Dialler};
use super::find_error::FindError;

/// The sentinels of one master.
pub struct Sentinels {
    /// The addresses of the sentinels, and how to log in there.
    pub at: Vec<(Address, Dialler)>,
    /// The sentinels' name of the master.
    pub master: String,
    /// Connects to the master.
    pub dialler: Dialler,
    /// The newest configuration epoch that was accepted.
    pub epoch: Option<u64>,
}

/// A sentinel's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct MasterReport {
    master: Address,
    /// The configuration epoch of the answer. Each failover increases it. `None`: the sentinel does not report it.
    epoch: Option<u64>,
}

impl Sentinels {
    /// The master, according to the majority of the sentinels, or to all that answer. `known` is the previous master.
    /// Another server is accepted only if it reports that it is the master.
    ///
    /// All sentinels are asked concurrently. A sentinel that was cut off from the others gives an outdated answer, and
    /// its master may do so too. So the newest configuration wins. One that is older than the last accepted one wins
    /// only with a majority.
    pub async fn find(&mut self, known: Option<&Address>) -> Result<Address, FindError> {
        let found = self.newest(known).await?;
        self.epoch = found.epoch.or(self.epoch);
        Ok(found.master)
    }

    async fn newest(&self, known: Option<&Address>) -> Result<MasterReport, FindError> {
        let mut failed = FindError::default();
        let mut refuted: Vec<Address> = Vec::new();
        let mut reports: Vec<MasterReport> = Vec::new();
        let asked = self.at.iter().map(async |(sentinel, dialler)| (sentinel, self.ask(sentinel, dialler).await));
        let mut asked: FuturesUnordered<_> = asked.collect();
        while let Some((sentinel, answer)) = asked.next().await {
            match answer {
                Ok(Some(answer)) => reports.push(answer),
                Ok(None) => failed.note(format!("the sentinel at {sentinel} knows no master named {:?}", self.master)),
                Err(error) => failed.note_error(&format!("the sentinel at {sentinel}"), &error),
            }
            // It waits for more answers only while no majority of the sentinels agrees.
            let half = self.at.len() / 2;
            let agree =
                reports.iter().any(|one| reports.iter().filter(|other| other.master == one.master).count() > half);
            if !agree && !asked.is_empty() {
                continue;
            }
            let most = reports.len() > half;
            for candidate in ranked(&reports) {
                if refuted.contains(&candidate.master) {
                    continue;
                }
                if !most && candidate.epoch.is_some() && candidate.epoch < self.epoch {
                    failed.note(format!(
                        "{} was the master before, and no majority of the sentinels confirms it",
                        candidate.master
                    ));
                    continue;
                }
                if Some(&candidate.master) == known {
                    return Ok(candidate);
                }
                match self.is_master(&candidate.master).await {
                    Ok(true) => return Ok(candidate),
                    Ok(false) => failed.note(format!(
                        "{} reports that it is a replica, but sentinels report it as the master",
                        candidate.master
                    )),
                    Err(error) => failed.note_error(&format!("the master at {}", candidate.master), &error),
                }
                refuted.push(candidate.master);
            }
        }
        Err(failed)
    }

    async fn ask(&self, sentinel: &Address, dialler: &Dialler) -> Result<Option<MasterReport>, RedisError> {
        let mut query = dialler.query_connection(sentinel).await?;
        let mut command = redis::cmd("SENTINEL");
        command.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.master);
        let found: Option<(String, u16)> = command.query_async(&mut query.connection).await?;
        let Some((host, port)) = found else { return Ok(None) };
        let mut command = redis::cmd("SENTINEL");
        command.arg("MASTER").arg(&self.master);
        // This user may not be allowed to run the command. Then the number of equal answers decides.
        let more: Result<HashMap<String, String>, _> = command.query_async(&mut query.connection).await;
        let epoch = more.ok().and_then(|more| more.get("config-epoch")?.parse().ok());
        Ok(Some(MasterReport { master: Address { host, port }, epoch }))
    }

    /// Whether the server reports that it is the master. If it does not answer this user, the sentinels' answer is
    /// accepted.
    async fn is_master(&self, address: &Address) -> Result<bool, RedisError> {
        let mut query = self.dialler.query_connection(address).await?;
        let role: Result<Vec<redis::Value>, _> = redis::cmd("ROLE").query_async(&mut query.connection).await;
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

/// The masters in the answers, each with its newest epoch. The newest comes first. With equal epochs, the one with more
/// answers comes first.
fn ranked(reports: &[MasterReport]) -> Vec<MasterReport> {
    let mut masters: Vec<(MasterReport, usize)> = Vec::new();
    for report in reports {
        match masters.iter_mut().find(|(known, _)| known.master == report.master) {
            Some((known, times)) => {
                known.epoch = known.epoch.max(report.epoch);
                *times += 1;
            }
            None => masters.push((report.clone(), 1)),
        }
    }
    masters.sort_by_key(|(report, times)| Reverse((report.epoch, *times)));
    masters.into_iter().map(|(report, _)| report).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(port: u16, epoch: Option<u64>) -> MasterReport {
        MasterReport { master: Address { host: "a".into(), port }, epoch }
    }

    fn first(reports: &[MasterReport]) -> u16 {
        ranked(reports)[0].master.port
    }

    #[test]
    fn the_newest_configuration_wins_and_then_the_number_of_reports() {
        assert_eq!(first(&[report(1, Some(1)), report(2, Some(2)), report(1, Some(1))]), 2);
        assert_eq!(first(&[report(1, Some(2)), report(2, Some(2)), report(2, Some(2))]), 2);
        assert_eq!(first(&[report(1, None), report(2, None), report(2, None)]), 2);
        assert_eq!(first(&[report(1, None), report(1, None), report(2, Some(0))]), 2);
        assert_eq!(ranked(&[report(1, None), report(1, Some(3))]), [report(1, Some(3))]);
    }
}

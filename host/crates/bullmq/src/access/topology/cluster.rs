//! Asks a Redis Cluster which node has which slots.

use std::ops::RangeInclusive;

use redis::{RedisError, Value};

use super::dial::{Address, Dialler};
use super::find_error::FindError;

/// Ranges of slots, and the master of each.
pub type Ranges = Vec<(RangeInclusive<u16>, Address)>;

/// The nodes of a cluster.
pub struct Nodes {
    /// The nodes to start with.
    pub seeds: Vec<Address>,
    /// Connects to the nodes.
    pub dialler: Dialler,
}

impl Nodes {
    /// The master of each slot range, from the first node that answers. It asks the known nodes, and then the nodes to
    /// start with. `turn` selects the first known node to ask, because a node that was cut off from the others gives
    /// outdated answers.
    pub async fn find(&self, known: &[Address], turn: usize) -> Result<Ranges, FindError> {
        let mut failed = FindError::default();
        let mut nodes: Vec<&Address> = known.iter().collect();
        if !nodes.is_empty() {
            let start = turn % nodes.len();
            nodes.rotate_left(start);
        }
        for seed in &self.seeds {
            if !nodes.contains(&seed) {
                nodes.push(seed);
            }
        }
        for node in nodes {
            match self.ask(node).await {
                Ok(ranges) if !ranges.is_empty() => return Ok(ranges),
                Ok(_) => failed.note(format!("{node} reports no node that has slots")),
                Err(error) => failed.note_error(&node.to_string(), &error),
            }
        }
        Err(failed)
    }

    async fn ask(&self, node: &Address) -> Result<Ranges, RedisError> {
        let mut node_connection = self.dialler.query_connection(node).await?;
        let slots: Vec<Vec<Value>> =
            redis::cmd("CLUSTER").arg("SLOTS").query_async(&mut node_connection.connection).await?;
        Ok(slots.into_iter().filter_map(|range| read(range, node)).collect())
    }
}

/// Parses `[first, last, [host, port, …], …]`. The first of the nodes is the master. If its host is missing, it is the
/// host of the node that was asked.
fn read(range: Vec<Value>, asked: &Address) -> Option<(RangeInclusive<u16>, Address)> {
    let [first, last, Value::Array(master), ..] = range.as_slice() else { return None };
    let [host, port, ..] = master.as_slice() else { return None };
    let number = |value: &Value| redis::from_redis_value::<u16>(value.clone()).ok();
    let host = redis::from_redis_value::<Option<String>>(host.clone()).ok().flatten();
    let host = host.filter(|host| !host.is_empty() && host != "?").unwrap_or_else(|| asked.host.clone());
    Some((number(first)?..=number(last)?, Address { host, port: number(port)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(host: Value) -> Vec<Value> {
        let node = |host, port| Value::Array(vec![host, Value::Int(port), Value::BulkString(b"id".to_vec())]);
        let replica = node(Value::BulkString(b"replica".to_vec()), 7003);
        vec![Value::Int(0), Value::Int(5460), node(host, 7000), replica]
    }

    #[test]
    fn the_first_node_of_a_range_is_its_master() {
        let asked = Address { host: "seed".into(), port: 1 };
        let host = |host: Value| read(range(host), &asked).map(|(slots, address)| (slots, address.to_string()));
        assert_eq!(host(Value::BulkString(b"a".to_vec())), Some((0..=5460, "a:7000".to_owned())));
        assert_eq!(host(Value::Nil), Some((0..=5460, "seed:7000".to_owned())));
        assert_eq!(host(Value::BulkString(b"::1".to_vec())), Some((0..=5460, "[::1]:7000".to_owned())));
    }

    #[test]
    fn an_invalid_slot_range_is_ignored() {
        let asked = Address { host: "seed".into(), port: 1 };
        assert_eq!(read(vec![Value::Int(0), Value::Int(1)], &asked), None);
        assert_eq!(read(vec![Value::Int(-1), Value::Int(1), Value::Array(Vec::new())], &asked), None);
    }
}

//! Jobs that compute. bench/js/src/compute.ts is the same in TypeScript.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// How many of the best orders are returned, and what they must be worth.
const BEST: usize = 20;
const WORTH: f64 = 100.0;

#[derive(Deserialize)]
pub struct Orders {
    orders: Vec<Order>,
}

#[derive(Deserialize)]
struct Order {
    id: u64,
    customer: Customer,
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct Customer {
    name: String,
    country: String,
}

#[derive(Deserialize)]
struct Line {
    sku: String,
    quantity: f64,
    price: f64,
}

#[derive(Deserialize)]
pub struct Count {
    count: usize,
}

#[derive(Deserialize)]
pub struct Text {
    text: String,
}

/// Totals by country, and the orders that are worth most.
pub fn totals(data: Orders) -> Value {
    let mut totals: BTreeMap<String, (u64, f64)> = BTreeMap::new();
    let mut priced = Vec::new();
    for Order { id, customer, lines } in data.orders {
        let sum: f64 = lines.iter().map(|line| line.quantity * line.price).sum();
        let of = totals.entry(customer.country).or_default();
        *of = (of.0 + 1, of.1 + sum);
        let skus: Vec<_> = lines.into_iter().map(|line| line.sku).collect();
        priced.push((sum, id, customer.name.to_uppercase(), skus));
    }
    priced.retain(|(sum, ..)| *sum > WORTH);
    priced.sort_by(|one, other| other.0.total_cmp(&one.0));
    let best = priced.into_iter().take(BEST);
    let best: Vec<_> =
        best.map(|(sum, id, name, skus)| json!({ "id": id, "name": name, "sum": sum, "skus": skus })).collect();
    let totals = totals.into_iter().map(|(country, (orders, sum))| (country, json!({ "orders": orders, "sum": sum })));
    json!({ "totals": totals.collect::<serde_json::Map<_, _>>(), "best": best })
}

/// Makes this many objects, and sorts them by a text and then by a number.
pub fn sort(data: Count) -> Value {
    let mut seed: u32 = 7;
    let mut rows: Vec<(String, u32)> = (0..data.count)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (format!("group-{}", seed % 97), seed % 10_007)
        })
        .collect();
    rows.sort();
    let shown = |row: Option<&(String, u32)>| row.map(|(key, value)| json!({ "key": key, "value": value }));
    json!([shown(rows.first()), shown(rows.last())])
}

pub fn sha256(data: Text) -> Value {
    let digest = Sha256::digest(data.text.as_bytes());
    json!(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

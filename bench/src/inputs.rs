//! The data of jobs that compute. It is the same in each run.

use serde_json::{Value, json};

/// About this many bytes of JSON, CSV or text.
const SIZE: usize = 64 * 1024;

/// Orders of a shop.
pub fn orders() -> Value {
    let line = |order: usize, line: usize| {
        let sku = format!("SKU-{:04}", (order * 7 + line) % 100);
        json!({ "sku": sku, "quantity": line + 1, "price": (order * 10 + line * 15) as f64 / 10.0 })
    };
    let order = |id: usize| {
        let country = ["DE", "FR", "SE"][id % 3];
        let customer = json!({ "name": format!("Customer {id}"), "country": country });
        json!({ "id": id, "customer": customer, "lines": (0..6).map(|at| line(id, at)).collect::<Vec<_>>() })
    };
    json!({ "orders": (0..185).map(order).collect::<Vec<_>>() })
}

/// A table with quoted fields.
pub fn csv() -> Value {
    let row = |id: usize| format!("{id},\"Name {id}, Jr.\",City {},{}\n", id % 50, id as f64 / 4.0);
    json!({ "text": filled("id,name,city,amount\n", row) })
}

/// The log of a web server.
pub fn log() -> Value {
    let line = |id: usize| {
        let (address, user, took) = (format!("10.0.{}.{}", id % 7, id % 251), id % 40, id * 37 % 900);
        format!("{address} user{user}@example.com \"GET /items/{id} HTTP/1.1\" 200 {} took={took}ms\n", id * 13)
    };
    json!({ "text": filled("", line) })
}

/// The rows of a template.
pub fn rows() -> Value {
    let row = |id: usize| {
        let link = "<a href=\"/\">";
        json!({ "name": format!("<n{id}>"), "amount": id, "important": id.is_multiple_of(5), "link": link })
    };
    json!({ "title": "Orders & returns", "items": (0..200).map(row).collect::<Vec<_>>() })
}

/// This many bytes of text.
pub fn text(size: usize) -> Value {
    json!({ "text": "x".repeat(size) })
}

fn filled(head: &str, line: impl Fn(usize) -> String) -> String {
    let mut text = head.to_owned();
    for id in 0.. {
        let line = line(id);
        if text.len() + line.len() > SIZE {
            break;
        }
        text += &line;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_large_inputs_have_about_64_kib() {
        for input in [orders(), csv(), log()] {
            let size = input.to_string().len();
            assert!((SIZE * 9 / 10..SIZE * 6 / 5).contains(&size), "{size}");
        }
    }
}

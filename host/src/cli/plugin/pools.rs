//! The option `--postgres POOL=URL` of `toril plugin test`. No error shows the connection string, which may contain a
//! password.

use toril_config::{Plugin, Postgres, Secret};

/// Adds the pools of these options to a plugin's entry. A pool of the entry keeps its limits, and gets the new
/// connection string.
pub fn add(options: &[String], entry: &mut Plugin) -> Result<(), String> {
    for option in options {
        let (pool, url) = parse(option)?;
        let of = entry.postgres.entry(pool).or_insert_with(|| Postgres::new(url.clone()));
        of.url = url;
    }
    Ok(())
}

fn parse(option: &str) -> Result<(String, Secret), String> {
    let is_key = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    let (pool, url) = match option.split_once('=') {
        Some((pool, url)) if !pool.is_empty() && pool.chars().all(is_key) => (pool, url),
        _ => return Err("--postgres names a pool and its connection string: POOL=URL, or POOL=env:NAME".to_owned()),
    };
    let url = match url.strip_prefix("env:") {
        None => url.to_owned(),
        Some(name) => std::env::var(name).map_err(|_| {
            format!("--postgres {pool}: the environment variable {name:?} is not set, or is not Unicode")
        })?,
    };
    Ok((pool.to_owned(), Secret::new(url)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_of_the_entry_keeps_its_limits_and_gets_the_connection_string() {
        let mut entry = Plugin::default();
        let pool = Postgres { read_only: true, ..Postgres::new(Secret::new("postgres://live")) };
        entry.postgres.insert("main".to_owned(), pool);
        add(&["main=postgres://test?sslmode=disable".to_owned(), "b=host=db".to_owned()], &mut entry).unwrap();
        let main = &entry.postgres["main"];
        assert_eq!((main.url.expose(), main.read_only), ("postgres://test?sslmode=disable", true));
        assert_eq!(entry.postgres["b"], Postgres::new(Secret::new("host=db")));
    }

    #[test]
    fn no_error_shows_a_connection_string() {
        for option in ["postgres://me:hunter2@db", "postgres://me:hunter2@db?sslmode=disable", "=hunter2", "hunter2"] {
            let error = add(&[option.to_owned()], &mut Plugin::default()).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}

//! `toril add QUEUE --bulk FILE`: adds many jobs, one JSON document per line.

use std::io::{self, BufRead, BufReader, Read};

use serde::Deserialize;
use serde_json::Value;

use super::error::CliError;
use super::text;
use toril_bullmq::admin::{Admin, AdminError, NewJob, NewJobOptions};
use toril_job::QueueName;

/// The number of jobs that are added at once.
const BATCH: usize = 500;
/// The limit of line bytes in one batch. The line that exceeds it still belongs to the batch.
const BATCH_BYTES: usize = 8 << 20;
/// The longest line, in bytes. A larger job is a mistake.
const LONGEST_LINE: u64 = 64 << 20;

/// One line. The name is optional if the command line has one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: Option<String>,
    #[serde(default = "empty")]
    data: Value,
    #[serde(default)]
    opts: NewJobOptions,
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

/// Adds the jobs of a file, or of standard input for `-`. `name`: the name of jobs that have none. Jobs are added in
/// batches. A batch with an invalid line is not added and ends the command, which then reports the numbers of the
/// invalid lines and how many jobs were added. Returns how many jobs were added.
pub async fn add(admin: &Admin, queue: &QueueName, name: Option<&str>, file: &str) -> Result<usize, CliError> {
    let input: Box<dyn Read> = match file {
        "-" => Box::new(io::stdin()),
        path => {
            let file = std::fs::File::open(path);
            Box::new(file.map_err(|reason| CliError::wrong(format!("{path} cannot be read: {reason}")))?)
        }
    };
    let mut lines = Lines { input: BufReader::new(input), number: 0, ended: false };
    let mut added = 0;
    loop {
        let batch = lines.batch(name);
        if !batch.wrong.is_empty() {
            for (line, reason) in &batch.wrong {
                eprintln!("error: line {line}: {}", text::line(reason));
            }
            return Err(stopped(added, batch.first, lines.number));
        }
        if !batch.jobs.is_empty() {
            let count = batch.jobs.len();
            match admin.add_bulk(queue, batch.jobs).await {
                Ok(_) => added += count,
                Err((_, reason @ AdminError::NoQueue { .. })) => return Err(reason.into()),
                Err((place, reason @ AdminError::Invalid(_))) => {
                    let line = batch.numbers.get(place).copied().unwrap_or(batch.first);
                    eprintln!("error: line {line}: {}", text::line(reason.to_string()));
                    return Err(stopped(added, batch.first, lines.number));
                }
                Err((_, reason)) => {
                    let (first, last) = (batch.first, lines.number);
                    return Err(CliError::failed(format!(
                        "{reason}. Added before: {added} jobs, of the lines before {first}. Of lines {first} to {last} it is not known which were added"
                    )));
                }
            }
        }
        if lines.ended {
            break;
        }
    }
    Ok(added)
}

fn stopped(added: usize, first: u64, last: u64) -> CliError {
    CliError::wrong(format!(
        "nothing of lines {first} to {last} was added; added before: {added} jobs, of the lines before {first}"
    ))
}

struct Lines {
    input: BufReader<Box<dyn Read>>,
    /// The number of the last line that was read, from 1.
    number: u64,
    ended: bool,
}

#[derive(Default)]
struct Batch {
    /// The number of its first line.
    first: u64,
    jobs: Vec<NewJob>,
    /// The line number of each job.
    numbers: Vec<u64>,
    wrong: Vec<(u64, String)>,
}

impl Lines {
    fn batch(&mut self, name: Option<&str>) -> Batch {
        let mut batch = Batch { first: self.number + 1, ..Batch::default() };
        let mut bytes = 0;
        while !self.ended && batch.jobs.len() + batch.wrong.len() < BATCH && bytes < BATCH_BYTES {
            let mut line = Vec::new();
            let read = self.input.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', &mut line);
            match read {
                Ok(0) => self.ended = true,
                Ok(length) => {
                    self.number += 1;
                    bytes += length;
                    if length as u64 > LONGEST_LINE {
                        batch.wrong.push((self.number, "is longer than 64 MiB".to_owned()));
                        self.ended = true;
                    } else if !line.trim_ascii().is_empty() {
                        match job(&line, name) {
                            Ok(job) => {
                                batch.jobs.push(job);
                                batch.numbers.push(self.number);
                            }
                            Err(reason) => batch.wrong.push((self.number, reason)),
                        }
                    }
                }
                Err(reason) => {
                    batch.wrong.push((self.number + 1, format!("cannot be read: {reason}")));
                    self.ended = true;
                }
            }
        }
        batch
    }
}

fn job(line: &[u8], name: Option<&str>) -> Result<NewJob, String> {
    let line: Line = serde_json::from_slice(line).map_err(|error| {
        // Each line is a document of its own, so serde's message always names line 1. Only the column is useful.
        error.to_string().replace(" at line 1 column", " at column")
    })?;
    let name = line.name.or_else(|| name.map(str::to_owned)).ok_or("has no `name`, and the command line has none")?;
    Ok(NewJob { name, data: line.data, opts: line.opts })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &'static str) -> Lines {
        Lines { input: BufReader::new(Box::new(text.as_bytes())), number: 0, ended: false }
    }

    #[test]
    fn wrong_lines_are_reported_by_their_numbers() {
        let batch = lines("{\"name\":\"a\"}\n\n{\"name\":1}\n{\"data\":1}\nno").batch(None);
        assert_eq!((batch.jobs.len(), batch.numbers), (1, vec![1]));
        assert_eq!(batch.wrong.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4, 5]);
        assert!(batch.wrong[1].1.contains("name"), "{:?}", batch.wrong);
    }

    #[test]
    fn a_name_from_the_command_line_is_for_lines_without_one() {
        let batch = lines("{\"name\":\"a\"}\n{\"data\":[1]}\n").batch(Some("b"));
        assert_eq!(batch.jobs.iter().map(|job| job.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_batch_has_its_bound_and_the_next_goes_on_after_it() {
        let text: String = "{\"name\":\"a\"}\n".repeat(BATCH + 1);
        let mut lines = lines(Box::leak(text.into_boxed_str()));
        assert_eq!(lines.batch(None).jobs.len(), BATCH);
        let rest = lines.batch(None);
        assert_eq!((rest.first, rest.jobs.len()), (BATCH as u64 + 1, 1));
    }
}

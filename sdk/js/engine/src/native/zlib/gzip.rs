//! gzip's wrapper around raw deflate: a header of variable length, and a trailer with a checksum and the length.

use flate2::Crc;

use super::Failure;

/// Written before the data: deflate, no flags, no time, made on Unix.
pub const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];

const FIXED: usize = 10;
const TRAILER: usize = 8;
const HAS_CHECKSUM: u8 = 2;
const HAS_EXTRA: u8 = 4;
const HAS_NAME: u8 = 8;
const HAS_COMMENT: u8 = 16;
/// The most that a header may have. Names and comments have no limit of their own.
const LONGEST_HEADER: usize = 128 * 1024;

/// One gzip member.
#[derive(Default)]
pub struct Wrapper {
    checksum: Crc,
    /// What was read of the header, and then of the trailer.
    held: Vec<u8>,
    header_is_over: bool,
    is_complete: bool,
}

impl Wrapper {
    /// Adds uncompressed data.
    pub fn update(&mut self, data: &[u8]) {
        self.checksum.update(data);
    }

    pub fn trailer(&self) -> [u8; TRAILER] {
        let mut trailer = [0; TRAILER];
        trailer[..4].copy_from_slice(&self.checksum.sum().to_le_bytes());
        trailer[4..].copy_from_slice(&self.checksum.amount().to_le_bytes());
        trailer
    }

    /// Whether the trailer was read.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Reads on in the header. Returns how many bytes of `input` belong to it, or `None` if it goes on.
    pub fn read_header(&mut self, input: &[u8]) -> Result<Option<usize>, Failure> {
        if self.header_is_over {
            return Ok(Some(0));
        }
        let before = self.held.len();
        self.held.extend(input.iter().take(LONGEST_HEADER - before));
        let known = &[0x1f, 0x8b, 8][..];
        if !self.held.iter().zip(known).all(|(found, wanted)| found == wanted) {
            return Err(Failure::HEADER);
        }
        match header_length(&self.held) {
            Some(length) => {
                self.header_is_over = true;
                self.held.clear();
                Ok(Some(length.saturating_sub(before)))
            }
            None if self.held.len() >= LONGEST_HEADER => Err(Failure::HEADER),
            None => Ok(None),
        }
    }

    /// Reads on in the trailer. Returns how many bytes of `input` belong to it.
    pub fn read_trailer(&mut self, input: &[u8]) -> Result<usize, Failure> {
        if self.is_complete {
            return Ok(0);
        }
        let used = input.len().min(TRAILER - self.held.len());
        self.held.extend(input.iter().take(used));
        if self.held.len() == TRAILER {
            self.is_complete = true;
            let trailer = self.trailer();
            if self.held[..4] != trailer[..4] {
                return Err(Failure::CHECK);
            }
            if self.held[4..] != trailer[4..] {
                return Err(Failure::LENGTH);
            }
        }
        Ok(used)
    }
}

/// The length of the header, if `bytes` has all of it.
fn header_length(bytes: &[u8]) -> Option<usize> {
    let flags = *bytes.get(3)?;
    let mut at = FIXED;
    if flags & HAS_EXTRA != 0 {
        let length: [u8; 2] = bytes.get(at..at + 2)?.try_into().ok()?;
        at += 2 + usize::from(u16::from_le_bytes(length));
    }
    for flag in [HAS_NAME, HAS_COMMENT] {
        if flags & flag != 0 {
            at += bytes.get(at..)?.iter().position(|byte| *byte == 0)? + 1;
        }
    }
    if flags & HAS_CHECKSUM != 0 {
        at += 2;
    }
    (bytes.len() >= at).then_some(at)
}

//! The compiled functions of earlier components, in one file. A language engine consists of many thousands of
//! functions, and the next build of a plugin changes only a few. The others need not be compiled again. The compiler
//! finds a function by a hash of all its inputs (`cranelift_codegen::incremental_cache`).
//!
//! File format: the functions one after the other, then the SHA-256 of all preceding bytes, in hexadecimal. A function
//! consists of its age (1 byte: the number of components with new functions since its last use), the lengths of its key and
//! value (4 bytes each, little-endian), the key and the value.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{PoisonError, RwLock};

use wasmtime::CacheStore;

use crate::cache::Cache;
use crate::digest::{Sum, checksum};

/// A function is dropped after this many components in a row that do not contain it. A component without new functions
/// is not counted, and does not renew the functions that it contains.
const FORGOTTEN: u8 = 16;
/// Maximum size of the kept functions, in bytes. Those of the JavaScript engine take 12 MiB, those of Python 50 MiB.
const MOST: usize = 192 << 20;
/// Size of the checksum at the end, in bytes.
const SUM: usize = 64;
/// Size of a function's header before its key, in bytes.
const HEAD: usize = 9;

/// The cache that the compiler queries before it compiles a function, and updates afterwards.
#[derive(Debug, Default)]
pub struct Functions {
    path: PathBuf,
    file: Vec<u8>,
    before: HashMap<Box<[u8]>, Kept>,
    added: RwLock<HashMap<Box<[u8]>, Vec<u8>>>,
    reused: AtomicUsize,
    compiled: AtomicUsize,
}

/// A function in the file.
#[derive(Debug)]
struct Kept {
    value: Range<usize>,
    age: u8,
    used: AtomicBool,
}

impl Functions {
    /// Opens the functions in the cache for this engine. If there is no file yet, there are no functions.
    ///
    /// # Errors
    ///
    /// The file cannot be read or is damaged. Use `empty` to continue without it.
    pub fn open(cache: &Cache, engine: &wasmtime::Engine) -> io::Result<Self> {
        let path = cache.functions(engine);
        let file = match fs::read(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self { path, ..Self::default() }),
            Err(error) => return Err(error),
        };
        let before = index(&file).ok_or_else(|| io::Error::other(format!("{} is damaged", path.display())))?;
        Ok(Self { path, file, before, ..Self::default() })
    }

    /// Starts without functions, and writes to the same file later.
    pub fn empty(cache: &Cache, engine: &wasmtime::Engine) -> Self {
        Self { path: cache.functions(engine), ..Self::default() }
    }

    /// Replaces the file with the functions that the next component may need, unless it contains all of them. If two
    /// processes do this at the same time, the functions of one of them are lost.
    pub fn keep(&self, cache: &Cache) -> io::Result<()> {
        let added = self.added.read().unwrap_or_else(PoisonError::into_inner);
        if added.is_empty() {
            return Ok(());
        }
        let mut all: Vec<(u8, &[u8], &[u8])> = Vec::with_capacity(self.before.len() + added.len());
        all.extend(added.iter().map(|(key, value)| (0, &**key, value.as_slice())));
        for (key, kept) in &self.before {
            let age = if kept.used.load(Relaxed) { 0 } else { kept.age.saturating_add(1) };
            if age < FORGOTTEN && !added.contains_key(key) {
                all.push((age, key, &self.file[kept.value.clone()]));
            }
        }
        all.sort_unstable_by_key(|(age, _, _)| *age);
        let mut size = 0;
        // The most recently used functions, up to the size limit.
        let room = all.into_iter().take_while(|(_, key, value)| {
            size += HEAD + key.len() + value.len();
            size <= MOST
        });
        cache.replace_functions(&self.path, |file| write(file, room))
    }

    /// Number of functions that were reused, and number of functions that were compiled.
    pub fn counted(&self) -> (usize, usize) {
        (self.reused.load(Relaxed), self.compiled.load(Relaxed))
    }
}

impl CacheStore for Functions {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        if let Some(kept) = self.before.get(key) {
            kept.used.store(true, Relaxed);
            self.reused.fetch_add(1, Relaxed);
            return Some(Cow::Borrowed(&self.file[kept.value.clone()]));
        }
        // A component may contain the same function more than once.
        self.added.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned().map(Cow::Owned)
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        self.compiled.fetch_add(1, Relaxed);
        if self.before.contains_key(key) {
            // The compiler queried this function but could not use the cached value.
            self.reused.fetch_sub(1, Relaxed);
        }
        self.added.write().unwrap_or_else(PoisonError::into_inner).insert(key.into(), value);
        true
    }
}

/// Writes the complete file.
fn write<'a>(file: &mut dyn Write, functions: impl Iterator<Item = (u8, &'a [u8], &'a [u8])>) -> io::Result<()> {
    let mut sum = Sum::default();
    let mut put = |bytes: &[u8]| {
        sum.add(bytes);
        file.write_all(bytes)
    };
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(io::Error::other);
    for (age, key, value) in functions {
        put(&[age])?;
        put(&length(key)?.to_le_bytes())?;
        put(&length(value)?.to_le_bytes())?;
        put(key)?;
        put(value)?;
    }
    file.write_all(sum.hex().as_bytes())
}

/// Locates the functions in a file. Returns `None` if the file is damaged.
fn index(file: &[u8]) -> Option<HashMap<Box<[u8]>, Kept>> {
    let (file, sum) = file.split_at_checked(file.len().checked_sub(SUM)?)?;
    if checksum(file).as_bytes() != sum {
        return None;
    }
    let mut kept = HashMap::new();
    let mut at = 0;
    while at < file.len() {
        let head = file.get(at..at.checked_add(HEAD)?)?;
        let length = |bytes: &[u8]| usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok();
        let key = at + HEAD..(at + HEAD).checked_add(length(&head[1..5])?)?;
        let value = key.end..key.end.checked_add(length(&head[5..])?)?;
        at = value.end;
        file.get(value.clone())?;
        kept.insert(file.get(key)?.into(), Kept { value, age: head[0], used: AtomicBool::new(false) });
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Case {
        _folder: tempfile::TempDir,
        cache: Cache,
        engine: wasmtime::Engine,
    }

    impl Case {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let cache = Cache::open(folder.path()).expect("opens");
            Self { _folder: folder, cache, engine: wasmtime::Engine::default() }
        }

        fn open(&self) -> Functions {
            Functions::open(&self.cache, &self.engine).expect("opens")
        }

        /// Compiles a component that consists of these functions.
        fn compile(&self, keys: &[&str]) -> (usize, usize) {
            let functions = self.open();
            for key in keys {
                if functions.get(key.as_bytes()).is_none() {
                    functions.insert(key.as_bytes(), format!("code of {key}").into_bytes());
                }
            }
            functions.keep(&self.cache).expect("writes");
            functions.counted()
        }
    }

    #[test]
    fn a_function_is_compiled_once_and_found_again() {
        let case = Case::new();
        assert_eq!(case.compile(&["a", "b", "a"]), (0, 2));
        assert_eq!(case.compile(&["b", "c"]), (1, 1));
        assert_eq!(case.open().get(b"a").as_deref(), Some(b"code of a".as_slice()));
    }

    #[test]
    fn a_function_that_many_components_did_without_is_forgotten() {
        let case = Case::new();
        case.compile(&["old", "lasting"]);
        for component in 1..FORGOTTEN {
            case.compile(&["lasting", &format!("new in {component}")]);
        }
        assert!(case.open().get(b"old").is_some());
        case.compile(&["lasting", "old", "new"]);
        for component in 0..FORGOTTEN {
            case.compile(&["lasting", &format!("newer in {component}")]);
        }
        assert!(case.open().get(b"old").is_none());
        assert!(case.open().get(b"lasting").is_some());
    }

    #[test]
    fn a_damaged_file_is_not_read() {
        let case = Case::new();
        case.compile(&["a"]);
        let path = case.cache.functions(&case.engine);
        let whole = fs::read(&path).expect("there");
        let mut changed = whole.clone();
        changed[3] ^= 1;
        for damaged in [&changed[..], &whole[..whole.len() - 1], &whole[..10], b""] {
            fs::write(&path, damaged).expect("writes");
            assert!(Functions::open(&case.cache, &case.engine).is_err(), "{} bytes", damaged.len());
        }
    }

    #[test]
    fn lengths_that_lead_out_of_the_file_are_noticed() {
        for (key, value) in [(u32::MAX, 0), (0, u32::MAX), (1, 1)] {
            let functions = [&[0][..], &key.to_le_bytes(), &value.to_le_bytes(), b"k"].concat();
            let file = [&functions, checksum(&functions).as_bytes()].concat();
            assert!(index(&file).is_none(), "{key} and {value}");
        }
    }
}

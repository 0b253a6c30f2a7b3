//! Compression: the formats gzip, zlib and raw deflate.
//!
//! `zlibStream(format, options | undefined)` returns an object with `write(bytes) -> bytes`, `flush() -> bytes` and `end() -> bytes`;
//! each returns the output that is ready. `format` is `gzip`, `gunzip`, `deflate`, `inflate`, `deflateRaw`, `inflateRaw` or `unzip`
//! (gzip or zlib, by the first byte). Options: `level` 0 to 9 (default 6), `maxOutput` in bytes. `zlibSync(format, bytes, options)`
//! does all at once. Errors have Node's `code` (`Z_DATA_ERROR`, `Z_BUF_ERROR`) and message. `crc32(bytes, start)` is the checksum.
//! `stream.trailing()` is how many bytes followed the end of the compressed data.

mod gzip;

use std::cell::RefCell;
use std::rc::Rc;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use rquickjs::prelude::{Func, Opt};
use rquickjs::{Ctx, Exception, Object, TypedArray};

use super::{bytes, type_error};

/// How much the output grows at a time.
const STEP: usize = 32 * 1024;

type Bytes<'js> = TypedArray<'js, u8>;

pub fn install(native: &Object<'_>) -> rquickjs::Result<()> {
    native.set("zlibStream", Func::from(open))?;
    native.set("zlibSync", Func::from(all))?;
    native.set("crc32", Func::from(crc32))
}

fn open<'js>(ctx: Ctx<'js>, format: String, options: Opt<Option<Object<'js>>>) -> rquickjs::Result<Object<'js>> {
    let coder = Rc::new(RefCell::new(Coder::new(&ctx, &format, options.0.flatten())?));
    let stream = Object::new(ctx)?;
    let write = Rc::clone(&coder);
    stream.set(
        "write",
        Func::from(move |ctx: Ctx<'js>, data: Bytes<'js>| {
            let input = bytes(&ctx, &data)?;
            output(&ctx, |out| write.borrow_mut().write(&input, out))
        }),
    )?;
    let flush = Rc::clone(&coder);
    stream.set("flush", Func::from(move |ctx: Ctx<'js>| output(&ctx, |out| flush.borrow_mut().flush(out))))?;
    let end = Rc::clone(&coder);
    stream.set("end", Func::from(move |ctx: Ctx<'js>| output(&ctx, |out| end.borrow_mut().end(out))))?;
    stream.set("trailing", Func::from(move || coder.borrow().trailing))?;
    Ok(stream)
}

fn output<'js>(ctx: &Ctx<'js>, make: impl FnOnce(&mut Vec<u8>) -> Result<(), Failure>) -> rquickjs::Result<Bytes<'js>> {
    let mut out = Vec::new();
    make(&mut out).map_err(|failure| failure.throw(ctx))?;
    TypedArray::new(ctx.clone(), out)
}

fn all<'js>(
    ctx: Ctx<'js>,
    format: String,
    data: Bytes<'js>,
    options: Opt<Option<Object<'js>>>,
) -> rquickjs::Result<Bytes<'js>> {
    let mut coder = Coder::new(&ctx, &format, options.0.flatten())?;
    let input = bytes(&ctx, &data)?;
    output(&ctx, |out| coder.write(&input, out).and_then(|()| coder.end(out)))
}

fn crc32<'js>(ctx: Ctx<'js>, data: Bytes<'js>, start: Opt<u32>) -> rquickjs::Result<f64> {
    let input = bytes(&ctx, &data)?;
    let mut hasher = crc32fast::Hasher::new_with_initial(start.0.unwrap_or(0));
    hasher.update(&input);
    Ok(f64::from(hasher.finalize()))
}

/// Why data could not be decoded, with zlib's code.
struct Failure(&'static str, i32, &'static str);

impl Failure {
    const TOO_LONG: Self =
        Self("ERR_BUFFER_TOO_LARGE", 0, "Cannot create a Buffer larger than the given maxOutputLength");
    const TRUNCATED: Self = Self("Z_BUF_ERROR", -5, "unexpected end of file");
    const HEADER: Self = Self("Z_DATA_ERROR", -3, "incorrect header check");
    const DATA: Self = Self("Z_DATA_ERROR", -3, "invalid compressed data");
    const CHECK: Self = Self("Z_DATA_ERROR", -3, "incorrect data check");
    const LENGTH: Self = Self("Z_DATA_ERROR", -3, "incorrect length check");

    fn throw(&self, ctx: &Ctx<'_>) -> rquickjs::Error {
        let exception = match Exception::from_message(ctx.clone(), self.2) {
            Ok(exception) => exception,
            Err(error) => return error,
        };
        if let Err(error) = exception.set("code", self.0).and_then(|()| exception.set("errno", self.1)) {
            return error;
        }
        ctx.throw(exception.into_value())
    }
}

enum State {
    Compress(Compress),
    Decompress(Decompress),
    /// Decides between gzip and zlib by the first byte.
    Unknown,
    /// The compressed data has ended.
    Over,
}

/// A stream without JavaScript.
struct Coder {
    state: State,
    /// Present for gzip: the wrapper around raw deflate.
    gzip: Option<gzip::Wrapper>,
    most: usize,
    made: usize,
    trailing: usize,
    begun: bool,
}

impl Coder {
    fn new(ctx: &Ctx<'_>, format: &str, options: Option<Object<'_>>) -> rquickjs::Result<Self> {
        let option = |name| options.as_ref().map_or(Ok(None), |options| options.get::<_, Option<f64>>(name));
        // -1 is zlib's default.
        let level = option("level")?.filter(|level| *level >= 0.0).map_or(6, |level| level.min(9.0) as u32);
        let most = option("maxOutput")?.map_or(usize::MAX, |most| most as usize);
        let compress = |zlib| State::Compress(Compress::new(Compression::new(level), zlib));
        let decompress = |zlib| State::Decompress(Decompress::new(zlib));
        let (state, gzip) = match format {
            "gzip" => (compress(false), Some(gzip::Wrapper::default())),
            "deflate" => (compress(true), None),
            "deflateRaw" => (compress(false), None),
            "gunzip" => (decompress(false), Some(gzip::Wrapper::default())),
            "inflate" => (decompress(true), None),
            "inflateRaw" => (decompress(false), None),
            "unzip" => (State::Unknown, None),
            _ => return Err(type_error(ctx, "unknown compression format")),
        };
        Ok(Self { state, gzip, most, made: 0, trailing: 0, begun: false })
    }

    fn write(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        self.begin(input, out);
        match &self.state {
            State::Compress(_) => self.compress(input, FlushCompress::None, out),
            State::Decompress(_) => self.decompress(input, out),
            State::Over => self.after_end(input, out),
            State::Unknown => Ok(()),
        }
    }

    fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), Failure> {
        self.begin(&[], out);
        if matches!(self.state, State::Compress(_)) { self.compress(&[], FlushCompress::Sync, out) } else { Ok(()) }
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Failure> {
        self.begin(&[], out);
        match &self.state {
            State::Compress(_) => {
                self.compress(&[], FlushCompress::Finish, out)?;
                if let Some(gzip) = &self.gzip {
                    out.extend(gzip.trailer());
                }
                self.state = State::Over;
                Ok(())
            }
            State::Decompress(_) | State::Unknown => Err(Failure::TRUNCATED),
            State::Over => match &self.gzip {
                Some(gzip) if !gzip.is_complete() => Err(Failure::TRUNCATED),
                _ => Ok(()),
            },
        }
    }

    fn begin(&mut self, input: &[u8], out: &mut Vec<u8>) {
        if matches!(self.state, State::Unknown)
            && let Some(first) = input.first()
        {
            let is_gzip = *first == 0x1f;
            self.state = State::Decompress(Decompress::new(!is_gzip));
            self.gzip = is_gzip.then(gzip::Wrapper::default);
        }
        if !self.begun && matches!(self.state, State::Compress(_)) && self.gzip.is_some() {
            out.extend(gzip::HEADER);
        }
        self.begun = true;
    }

    fn compress(&mut self, mut input: &[u8], flush: FlushCompress, out: &mut Vec<u8>) -> Result<(), Failure> {
        let State::Compress(coder) = &mut self.state else { return Ok(()) };
        if let Some(gzip) = &mut self.gzip {
            gzip.update(input);
        }
        loop {
            out.reserve(STEP);
            let before = coder.total_in();
            let status = coder.compress_vec(input, out, flush).map_err(|_| Failure::DATA)?;
            input = input.get((coder.total_in() - before) as usize..).unwrap_or_default();
            let has_room = out.len() < out.capacity();
            if status == Status::StreamEnd || (input.is_empty() && has_room) {
                return Ok(());
            }
        }
    }

    fn decompress(&mut self, mut input: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        if let Some(gzip) = &mut self.gzip {
            match gzip.read_header(input)? {
                Some(used) => input = input.get(used..).unwrap_or_default(),
                None => return Ok(()),
            }
        }
        let State::Decompress(coder) = &mut self.state else { return Ok(()) };
        loop {
            out.reserve(STEP);
            let (consumed, length) = (coder.total_in(), out.len());
            let status = coder.decompress_vec(input, out, FlushDecompress::None);
            let status = status
                .map_err(|_| if consumed == 0 && self.gzip.is_none() { Failure::HEADER } else { Failure::DATA })?;
            input = input.get((coder.total_in() - consumed) as usize..).unwrap_or_default();
            let fresh = out.get(length..).unwrap_or_default();
            self.made += fresh.len();
            if self.made > self.most {
                return Err(Failure::TOO_LONG);
            }
            if let Some(gzip) = &mut self.gzip {
                gzip.update(fresh);
            }
            if status == Status::StreamEnd {
                self.state = State::Over;
                return self.after_end(input, out);
            }
            if out.len() < out.capacity() && (input.is_empty() || status == Status::BufError) {
                return Ok(());
            }
        }
    }

    /// What follows the compressed data: gzip's trailer, then perhaps another gzip member.
    fn after_end(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        let Some(gzip) = &mut self.gzip else {
            self.trailing += input.len();
            return Ok(());
        };
        let used = gzip.read_trailer(input)?;
        let rest = input.get(used..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(());
        }
        if !rest.starts_with(&[0x1f, 0x8b]) {
            self.trailing += rest.len();
            return Ok(());
        }
        self.gzip = Some(gzip::Wrapper::default());
        self.state = State::Decompress(Decompress::new(false));
        self.decompress(rest, out)
    }
}

//! Builds a component from a bundle with an engine that is not embedded: `inject ENGINE RUNTIME BUNDLE OUT`.

use std::time::Instant;
use std::{env, fs};

use toril_javascript::{Engine, Kind, Source, build};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [engine, runtime, bundle, out] = arguments.as_slice() else {
        return Err("usage: inject ENGINE RUNTIME BUNDLE OUT".into());
    };
    let (module, runtime, code) = (fs::read(engine)?, fs::read_to_string(runtime)?, fs::read_to_string(bundle)?);
    let start = Instant::now();
    let cache = env::temp_dir().join("toril-js-engine");
    let component = build(
        Engine { modules: [(None, &module); 4], runtime: &runtime, sdk: "" },
        Source { name: bundle, code: &code, map: None, kind: Kind::Bundle },
        Some(&cache),
    )?;
    fs::write(out, &component.bytes)?;
    println!("{out}: {} bytes in {:?}", component.bytes.len(), start.elapsed());
    Ok(())
}

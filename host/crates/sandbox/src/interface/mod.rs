//! The versions of the plugin interface that this host serves: `wit/since-*`, one module each. The rest of the host
//! uses only the types of the newest version. Calls to and from plugins of an older version are translated here.

mod since_0_1;
mod since_0_2;

use wasmtime::Store;
use wasmtime::component::{HasSelf, InstancePre, Linker};

pub use since_0_2::toril::plugin::{job_context, jobs, types};

use super::limits::cut;
use super::state::PenState;

/// Prefix of the names of Toril's own interfaces.
const OWN: &str = "toril:plugin/";
/// An error message lists at most this many interface names of a foreign component, and at most this many bytes of
/// each.
const TOLD: usize = 5;
const NAME: usize = 200;
/// The interface that a plugin exports.
const HANDLER: &str = "toril:plugin/handler";

/// A version of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterfaceVersion {
    /// `wit/since-0.1`.
    Since0_1,
    /// `wit/since-0.2`.
    Since0_2,
}

impl InterfaceVersion {
    /// The served versions, newest first.
    const SERVED: [Self; 2] = [Self::Since0_2, Self::Since0_1];

    /// The version as written after the name of an interface: `0.2.0`.
    fn number(self) -> &'static str {
        match self {
            Self::Since0_1 => "0.1.0",
            Self::Since0_2 => "0.2.0",
        }
    }

    /// Finds the interface version of a component with these imports and exports. The error explains why this host
    /// cannot run the component, and names the component's version and the served versions.
    pub fn of(imports: &[String], exports: &[String]) -> Result<Self, String> {
        let served = |version: &Self| exports.contains(&format!("{HANDLER}@{}", version.number()));
        let Some(version) = Self::SERVED.into_iter().find(served) else {
            let own = exports.iter().find(|name| name.starts_with(OWN));
            return Err(match own {
                Some(other) => format!(
                    "it exports {}, and this host works with {HANDLER} of {}: build it against one of these",
                    cut(other.clone(), NAME),
                    Self::in_words()
                ),
                None if exports.is_empty() => format!("it exports nothing, and a plugin exports {HANDLER}"),
                None => format!("it exports {}, and a plugin exports {HANDLER}", some(exports)),
            });
        };
        let is_served =
            |name: &str| Self::SERVED.iter().any(|version| name.ends_with(&format!("@{}", version.number())));
        match imports.iter().find(|name| name.starts_with(OWN) && !is_served(name)) {
            Some(other) => {
                let other = cut(other.clone(), NAME);
                let interface = other.split('@').next().unwrap_or_default();
                Err(format!(
                    "it imports {other}, and this host serves {interface} of {}: build it against one of these",
                    Self::in_words()
                ))
            }
            None => Ok(version),
        }
    }

    /// The served versions, formatted for an error message.
    fn in_words() -> String {
        let numbers: Vec<_> = Self::SERVED.into_iter().map(Self::number).collect();
        format!("version {}", numbers.join(" and "))
    }
}

/// Formats the first [`TOLD`] names and the number of the remaining ones.
fn some(names: &[String]) -> String {
    let told: Vec<_> = names.iter().take(TOLD).map(|name| cut(name.clone(), NAME)).collect();
    match names.len() - told.len() {
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

impl std::fmt::Display for InterfaceVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.number())
    }
}

/// Links Toril's own interfaces, in every served version.
pub fn add_to_linker(linker: &mut Linker<PenState>) -> wasmtime::Result<()> {
    since_0_1::Processor::add_to_linker::<_, HasSelf<_>>(linker, |state| state)?;
    since_0_2::Processor::add_to_linker::<_, HasSelf<_>>(linker, |state| state)
}

/// A plugin whose imports are linked, ready to be instantiated.
#[derive(Clone)]
pub enum GuestPre {
    /// Of `wit/since-0.1`.
    Since0_1(since_0_1::ProcessorPre<PenState>),
    /// Of `wit/since-0.2`.
    Since0_2(since_0_2::ProcessorPre<PenState>),
}

impl GuestPre {
    /// Fails if the component lacks the exports of that version.
    pub fn new(version: InterfaceVersion, linked: InstancePre<PenState>) -> wasmtime::Result<Self> {
        Ok(match version {
            InterfaceVersion::Since0_1 => Self::Since0_1(since_0_1::ProcessorPre::new(linked)?),
            InterfaceVersion::Since0_2 => Self::Since0_2(since_0_2::ProcessorPre::new(linked)?),
        })
    }

    /// The linked component, without a check of its exports' types.
    pub fn instance_pre(&self) -> &InstancePre<PenState> {
        match self {
            Self::Since0_1(pre) => pre.instance_pre(),
            Self::Since0_2(pre) => pre.instance_pre(),
        }
    }

    /// Instantiates the plugin.
    pub async fn start(&self, store: &mut Store<PenState>) -> wasmtime::Result<Guest> {
        Ok(match self {
            Self::Since0_1(pre) => Guest::Since0_1(pre.instantiate_async(store).await?),
            Self::Since0_2(pre) => Guest::Since0_2(pre.instantiate_async(store).await?),
        })
    }

    /// Instantiates the plugin and calls its `describe`. The inner error explains how the types of its exports differ
    /// from those of the interface.
    pub async fn describe(&self, store: &mut Store<PenState>) -> wasmtime::Result<Result<types::Manifest, String>> {
        let instance = self.instance_pre().instantiate_async(&mut *store).await?;
        let foreign = |error: wasmtime::Error| error.root_cause().to_string();
        match self {
            Self::Since0_1(_) => match since_0_1::Processor::new(&mut *store, &instance) {
                Ok(guest) => guest.toril_plugin_handler().call_describe(store).await.map(Ok),
                Err(error) => Ok(Err(foreign(error))),
            },
            Self::Since0_2(_) => match since_0_2::Processor::new(&mut *store, &instance) {
                Ok(guest) => guest.toril_plugin_handler().call_describe(store).await.map(Ok),
                Err(error) => Ok(Err(foreign(error))),
            },
        }
    }
}

/// An instance of a plugin.
pub enum Guest {
    /// Of `wit/since-0.1`.
    Since0_1(since_0_1::Processor),
    /// Of `wit/since-0.2`.
    Since0_2(since_0_2::Processor),
}

impl Guest {
    /// Runs a job.
    pub async fn handle(
        &self,
        store: &mut Store<PenState>,
        job: &types::Job,
    ) -> wasmtime::Result<Result<types::Json, types::Failure>> {
        match self {
            Self::Since0_1(guest) => guest.toril_plugin_handler().call_handle(store, job).await,
            Self::Since0_2(guest) => guest.toril_plugin_handler().call_handle(store, job).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(imports: &[&str], exports: &[&str]) -> Result<InterfaceVersion, String> {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        InterfaceVersion::of(&names(imports), &names(exports))
    }

    #[test]
    fn every_served_version_is_taken() {
        let imports = |version| ["wasi:http/types@0.2.6".to_owned(), format!("toril:plugin/jobs@{version}")];
        for version in ["0.1.0", "0.2.0"] {
            let exports = [format!("toril:plugin/handler@{version}")];
            let taken = InterfaceVersion::of(&imports(version), &exports).map(|version| version.to_string());
            assert_eq!(taken.as_deref(), Ok(version));
        }
    }

    #[test]
    fn a_plugin_of_another_version_is_told_with_its_own_and_those_that_are_served() {
        let error = of(&[], &["toril:plugin/handler@0.3.0"]).expect_err("newer");
        assert!(error.contains("handler@0.3.0") && error.contains("0.2.0 and 0.1.0"), "{error}");
        let error = of(&["toril:plugin/jobs@0.3.0"], &["toril:plugin/handler@0.2.0"]).expect_err("newer");
        assert!(error.contains("jobs@0.3.0") && error.contains("0.2.0 and 0.1.0"), "{error}");
    }

    #[test]
    fn something_else_is_told_with_what_it_is() {
        let error = of(&[], &["wasi:http/incoming-handler@0.2.0"]).expect_err("foreign");
        assert!(error.contains("wasi:http/incoming-handler@0.2.0"), "{error}");
    }
}

//! The JavaScript runtime of this instance, and whether it runs jobs yet.

use std::cell::{Cell, RefCell};

use rquickjs::{CatchResultExt, Context, Ctx, Function, Module, Object, Persistent, Runtime, promise::PromiseState};

use toril_js_fast::{alloc, json};

use crate::{arenas, event_loop, interfaces, native, rejections};

/// QuickJS raises a RangeError when its C stack uses that many bytes. The stack has 1 MiB in this module, and the host
/// bounds the machine's stack too.
const STACK: usize = 640 * 1024;
/// Bytes that a job allocates before the garbage collector runs for the first time.
const GARBAGE: usize = 4 * 1024 * 1024;

/// Arenas that the objects of a new context need, and those of a module (`arenas::make_room`).
const ARENAS_OF_CONTEXT: usize = 10;
const ARENAS_OF_MODULE: usize = 2;

/// The runtime, with the plugin's functions.
pub struct Realm {
    runtime: Runtime,
    context: Context,
    describe: Persistent<Function<'static>>,
    handle: Persistent<Function<'static>>,
}

thread_local! {
    static REALM: RefCell<Option<&'static Realm>> = const { RefCell::new(None) };
    static LIVE: Cell<bool> = const { Cell::new(false) };
}

/// Whether a host runs this instance. Before the snapshot there is no clock, no randomness and no network.
pub fn is_live() -> bool {
    LIVE.get()
}

/// The realm of this instance. `None` in an engine without a plugin.
pub fn current() -> Option<&'static Realm> {
    REALM.with_borrow(|realm| *realm)
}

/// A runtime without a plugin, for the compiler and for `Realm::start`.
pub fn runtime(modules: interfaces::Modules) -> rquickjs::Result<(Runtime, Context)> {
    let runtime = Runtime::new_with_alloc(alloc::ForQuickJs)?;
    runtime.set_max_stack_size(STACK);
    // Nothing is freed before the snapshot, where it would only leave gaps.
    runtime.set_gc_threshold(usize::MAX);
    // The room must be there before the objects of a full context.
    Context::base(&runtime)?.with(|ctx| arenas::make_room(&ctx, ARENAS_OF_CONTEXT));
    let context = Context::full(&runtime)?;
    runtime.set_loader(interfaces::Names, modules);
    Ok((runtime, context))
}

impl Realm {
    /// Evaluates compiled modules in their order. The last one is the plugin's bundle, which exports `handler`.
    pub fn start(modules: &[&[u8]]) -> Result<Self, String> {
        let modules_of_engine = interfaces::Modules { is_compiler: false };
        let (runtime, context) = runtime(modules_of_engine).map_err(|error| error.to_string())?;
        rejections::track(&runtime);
        let (describe, handle) = context.with(|ctx| {
            json::install(&ctx).catch(&ctx).map_err(|error| error.to_string())?;
            native::install(&ctx).catch(&ctx).map_err(|error| error.to_string())?;
            let mut handler = None;
            for code in modules {
                arenas::make_room(&ctx, ARENAS_OF_MODULE);
                handler = Some(evaluate(&ctx, code)?);
            }
            let handler: Object = handler
                .ok_or("no module to evaluate")?
                .get("handler")
                .map_err(|_| "the bundle has no export `handler`".to_owned())?;
            // What it leaves in memory is in the snapshot.
            let warmup: Option<Function> =
                handler.get("warmup").map_err(|_| "`warmup` is not a function".to_owned())?;
            if let Some(warmup) = warmup {
                warm_up(&ctx, &warmup).map_err(|reason| format!("warmup() failed: {reason}"))?;
            }
            let function = |name| -> Result<_, String> {
                let function: Function = handler.get(name).map_err(|_| format!("the handler has no `{name}`"))?;
                Ok(Persistent::save(&ctx, function))
            };
            Ok::<_, String>((function("describe")?, function("handle")?))
        })?;
        Ok(Self { runtime, context, describe, handle })
    }

    /// Makes this the instance's realm.
    pub fn install(self) -> &'static Self {
        let realm: &'static Self = Box::leak(Box::new(self));
        REALM.set(Some(realm));
        realm
    }

    /// Collects the garbage of the evaluation and ends the time before the snapshot.
    pub fn finish(&self) {
        self.runtime.run_gc();
        self.context.with(|ctx| arenas::fill(&ctx));
        let used = usize::try_from(self.runtime.memory_usage().malloc_size).unwrap_or(usize::MAX);
        self.runtime.set_gc_threshold(used.saturating_add(GARBAGE));
        alloc::seal();
        self.context.with(|ctx| arenas::begin(&ctx));
        LIVE.set(true);
    }

    /// Calls a function with the context.
    pub fn with<T>(&self, call: impl FnOnce(&Ctx<'_>) -> T) -> T {
        self.context.with(|ctx| call(&ctx))
    }

    /// The plugin's `describe`.
    pub fn describe<'js>(&self, ctx: &Ctx<'js>) -> rquickjs::Result<Function<'js>> {
        self.describe.clone().restore(ctx)
    }

    /// The plugin's `handle`.
    pub fn handle<'js>(&self, ctx: &Ctx<'js>) -> rquickjs::Result<Function<'js>> {
        self.handle.clone().restore(ctx)
    }
}

/// Evaluates one compiled module, including its top-level `await`s as far as no host is needed.
fn evaluate<'js>(ctx: &Ctx<'js>, code: &[u8]) -> Result<Module<'js, rquickjs::module::Evaluated>, String> {
    let text = native::describe_caught;
    // SAFETY: the builder made these bytes with `compile` of this very engine.
    let module = unsafe { Module::load(ctx.clone(), code) }.catch(ctx).map_err(text)?;
    let (module, done) = module.eval().catch(ctx).map_err(text)?;
    event_loop::run_without_host(ctx).map_err(|thrown| native::describe_value(ctx, thrown))?;
    settled(ctx, &done, "the module's top level").map(|()| module)
}

/// Calls the plugin's `warmup`.
fn warm_up<'js>(ctx: &Ctx<'js>, warmup: &Function<'js>) -> Result<(), String> {
    let result: rquickjs::Value = warmup.call(()).catch(ctx).map_err(native::describe_caught)?;
    event_loop::run_without_host(ctx).map_err(|thrown| native::describe_value(ctx, thrown))?;
    result.as_promise().map_or(Ok(()), |promise| settled(ctx, promise, "it"))
}

/// Fails unless a promise was fulfilled. `what` has awaited it.
fn settled<'js>(ctx: &Ctx<'js>, promise: &rquickjs::Promise<'js>, what: &str) -> Result<(), String> {
    match promise.state() {
        PromiseState::Resolved => Ok(()),
        PromiseState::Rejected => Err(match promise.result::<rquickjs::Value>().map(|result| result.catch(ctx)) {
            Some(Err(error)) => native::describe_caught(error),
            _ => "it was rejected without a reason".to_owned(),
        }),
        PromiseState::Pending => {
            Err(format!("{what} awaits something that only a job can do, such as a request or a timer"))
        }
    }
}

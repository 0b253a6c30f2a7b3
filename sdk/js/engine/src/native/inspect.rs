//! What a script cannot see of a value, for `console`: `promiseState(promise)` is `[settled, isFulfilled, value]`.

use rquickjs::promise::{Promise, PromiseState};
use rquickjs::{Array, Ctx, Object, Value, prelude::Func};

pub fn install(native: &Object<'_>) -> rquickjs::Result<()> {
    native.set("promiseState", Func::from(promise_state))
}

fn promise_state<'js>(ctx: Ctx<'js>, promise: Promise<'js>) -> rquickjs::Result<Array<'js>> {
    let state = promise.state();
    let value = match promise.result::<Value>() {
        Some(Ok(value)) => value,
        // The reason was thrown.
        Some(Err(_)) => ctx.catch(),
        None => Value::new_undefined(ctx.clone()),
    };
    let array = Array::new(ctx)?;
    array.set(0, state != PromiseState::Pending)?;
    array.set(1, state == PromiseState::Resolved)?;
    array.set(2, value)?;
    Ok(array)
}

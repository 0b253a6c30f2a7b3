//! Values of `toril:plugin/postgres` for JavaScript.
//!
//! A callback gets `(error, answers)`, each null if there is none. `error` is `{ tag, val }`: `val` is a text, or the
//! fields of the server's error. An answer is `{ columns, rows, command }`. `columns` is flat, with six values for
//! each column: its name, the OID, size and modifier of its type, the OID of its table, and its number there. A row is
//! an array of texts (or of Uint8Arrays, if the call asked for binary values) and nulls.

use rquickjs::function::Args;
use rquickjs::{Array, Ctx, Object, Result, String as JsString, TypedArray, Value};

use crate::bindings::toril::plugin::postgres::{Answer, Column, DatabaseError, Error, Format, Parameter};
use crate::native;
use toril_js_fast::json::text::to_utf8;

/// The arguments of a callback.
pub fn arguments<'js>(
    ctx: &Ctx<'js>,
    result: std::result::Result<Vec<Answer>, Error>,
    format: Format,
) -> Result<Args<'js>> {
    let mut arguments = Args::new(ctx.clone(), 2);
    match result {
        Ok(answers) => {
            arguments.push_arg(Value::new_null(ctx.clone()))?;
            let list = Array::new(ctx.clone())?;
            for (index, answer) in answers.into_iter().enumerate() {
                list.set(index, answer_object(ctx, answer, format)?)?;
            }
            arguments.push_arg(list)?;
        }
        Err(error) => {
            arguments.push_arg(error_object(ctx, error)?)?;
            arguments.push_arg(Value::new_null(ctx.clone()))?;
        }
    }
    Ok(arguments)
}

fn answer_object<'js>(ctx: &Ctx<'js>, answer: Answer, format: Format) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    let width = answer.columns.len();
    object.set("columns", columns_array(ctx, answer.columns)?)?;
    object.set("rows", rows_array(ctx, &answer.rows, width, answer.row_count, format)?)?;
    object.set("command", answer.command)?;
    Ok(object)
}

fn columns_array<'js>(ctx: &Ctx<'js>, columns: Vec<Column>) -> Result<Array<'js>> {
    let array = Array::new(ctx.clone())?;
    for (index, column) in columns.into_iter().enumerate() {
        let at = index * 6;
        array.set(at, column.name)?;
        let numbers = [
            f64::from(column.type_oid),
            f64::from(column.type_size),
            f64::from(column.type_modifier),
            f64::from(column.table_oid),
            f64::from(column.column_number),
        ];
        for (after, number) in numbers.into_iter().enumerate() {
            array.set(at + 1 + after, Value::new_number(ctx.clone(), number))?;
        }
    }
    Ok(array)
}

/// Rows from the flat form that the interface describes. A value that is cut off is null.
fn rows_array<'js>(ctx: &Ctx<'js>, bytes: &[u8], width: usize, count: u32, format: Format) -> Result<Array<'js>> {
    let rows = Array::new(ctx.clone())?;
    let mut rest = bytes;
    for index in 0..count as usize {
        let row = Array::new(ctx.clone())?;
        for column in 0..width {
            row.set(column, value(ctx, next(&mut rest), format)?)?;
        }
        rows.set(index, row)?;
    }
    Ok(rows)
}

/// Takes the next value. `None` is NULL.
fn next<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    let length = usize::try_from(i32::from_be_bytes(*length)).ok()?;
    let (value, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(value)
}

fn value<'js>(ctx: &Ctx<'js>, bytes: Option<&[u8]>, format: Format) -> Result<Value<'js>> {
    match (bytes, format) {
        (None, _) => Ok(Value::new_null(ctx.clone())),
        (Some(bytes), Format::Binary) => Ok(TypedArray::new_copy(ctx.clone(), bytes)?.into_value()),
        // A database whose encoding is SQL_ASCII can send bytes that are not UTF-8.
        (Some(bytes), Format::Text) => {
            let text = String::from_utf8_lossy(bytes);
            Ok(JsString::from_str(ctx.clone(), &text)?.into_value())
        }
    }
}

/// An error as `{ tag, val }`.
pub fn error_object<'js>(ctx: &Ctx<'js>, error: Error) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    let (tag, reason) = match error {
        Error::Denied(reason) => ("denied", reason),
        Error::Invalid(reason) => ("invalid", reason),
        Error::Unavailable(reason) => ("unavailable", reason),
        Error::Timeout(reason) => ("timeout", reason),
        Error::TooLarge(reason) => ("too-large", reason),
        Error::Database(error) => {
            object.set("tag", "database")?;
            object.set("val", fields(ctx, error)?)?;
            return Ok(object);
        }
    };
    object.set("tag", tag)?;
    object.set("val", reason)?;
    Ok(object)
}

fn fields<'js>(ctx: &Ctx<'js>, error: DatabaseError) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    if let Some(position) = error.position {
        object.set("position", position)?;
    }
    let texts = [
        ("severity", Some(error.severity)),
        ("code", Some(error.code)),
        ("message", Some(error.message)),
        ("detail", error.detail),
        ("hint", error.hint),
        ("context", error.context),
        ("schema", error.schema),
        ("table", error.table),
        ("column", error.column),
        ("dataType", error.data_type),
        ("constraint", error.constraint),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            object.set(name, text)?;
        }
    }
    Ok(object)
}

/// Parameters from an array of texts, Uint8Arrays (which are sent in binary form) and nulls. `types` are the OIDs of
/// the first of them. The server decides the others.
pub fn parameters<'js>(
    ctx: &Ctx<'js>,
    values: Option<&Array<'js>>,
    types: Option<&Array<'js>>,
) -> Result<Vec<Parameter>> {
    let mut parameters = Vec::new();
    let Some(values) = values else { return Ok(parameters) };
    for index in 0..values.len() {
        let (format, value) = written(ctx, values.get(index)?)?;
        let given: Option<Value> = types.map(|types| types.get(index)).transpose()?;
        let type_oid = given.and_then(|oid| oid.as_number()).unwrap_or(0.0) as u32;
        parameters.push(Parameter { type_oid, format, value });
    }
    Ok(parameters)
}

fn written<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<(Format, Option<Vec<u8>>)> {
    if value.is_null() || value.is_undefined() {
        return Ok((Format::Text, None));
    }
    if let Some(text) = value.as_string() {
        return Ok((Format::Text, Some(to_utf8(ctx, text)?)));
    }
    let array = TypedArray::<u8>::from_value(value)
        .map_err(|_| native::type_error(ctx, "a parameter is not a text, not bytes and not null"))?;
    Ok((Format::Binary, Some(native::bytes(ctx, &array)?)))
}

/// A text of JavaScript for the host, with U+FFFD for each lone surrogate.
pub fn text<'js>(ctx: &Ctx<'js>, text: &JsString<'js>) -> Result<String> {
    Ok(String::from_utf8_lossy(&to_utf8(ctx, text)?).into_owned())
}

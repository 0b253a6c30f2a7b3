//! Adding a job, either through a form made from the schema of its type, or as JSON.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::failure::Failure;
use super::form::Form;
use super::layout::{Page, Section};
use super::schema_form::{self, Errors, Field, errors_at};
use super::segments::Segments;
use super::state::Dashboard;
use super::text::{encoded, job_path, queue_path, shown};
use super::visitor::Visitor;
use toril_bullmq::admin::{AdminError, NewJob, NewJobOptions};
use toril_job::QueueName;
use toril_sandbox::Version;
use toril_schema::JobType;

/// The query parameters of the form's page.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    /// The type of the job.
    #[serde(default)]
    name: Option<String>,
    /// `json`: enter the data as JSON instead of in fields.
    #[serde(default, rename = "as")]
    form: Option<String>,
}

/// How the user enters the data.
#[derive(Clone, Copy)]
enum Input {
    /// In fields made from the schema, if that is possible.
    Fields,
    Json,
}

impl Input {
    /// The value of `as` in the query or in the form.
    fn of(value: Option<&str>) -> Self {
        if value == Some("json") { Self::Json } else { Self::Fields }
    }
}

/// The form that the page shows.
struct JobForm<'a> {
    queue: &'a QueueName,
    /// The name of the job. None: the form has a field for it.
    name: Option<&'a str>,
    kind: Option<&'a JobType>,
    /// None: the user enters the data as JSON.
    fields: Option<Vec<Field>>,
    /// The names of all job types.
    names: Vec<String>,
}

impl<'a> JobForm<'a> {
    fn new(queue: &'a QueueName, version: Option<&'a Arc<Version>>, name: Option<&'a str>, input: Input) -> Self {
        let types = version.map(|version| version.jobs.sorted()).unwrap_or_default();
        let name = match (name, types.as_slice()) {
            (None, [(only, _)]) => Some(*only),
            (name, _) => name,
        };
        let kind = name.and_then(|name| version?.jobs.get(name));
        let fields = match input {
            Input::Json => None,
            Input::Fields => kind.and_then(|kind| schema_form::of_schema(kind.schema.as_ref()?)),
        };
        let names: Vec<_> = types.iter().map(|(name, _)| (*name).to_owned()).collect();
        // A name that the plugin does not know becomes an input field, as for plugins that accept any name.
        let name = name.filter(|_| kind.is_some());
        Self { queue, name, kind, fields, names }
    }
}

pub async fn ask(
    State(dashboard): State<Dashboard>,
    visitor: Visitor,
    Segments(queue): Segments<QueueName>,
    query: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(wanted) = query.map_err(|error| Failure::new(error.status(), error.body_text()).of(&visitor))?;
    existing(&dashboard, &visitor, &queue).await?;
    let handler = dashboard.inside.handler(&queue);
    let version = handler.as_ref().map(|(_, version)| version);
    let job_form = JobForm::new(&queue, version, wanted.name.as_deref(), Input::of(wanted.form.as_deref()));
    Ok(page(&visitor, &job_form, None, &Errors::new(), StatusCode::OK))
}

pub async fn add(
    State(dashboard): State<Dashboard>,
    visitor: Visitor,
    Segments(queue): Segments<QueueName>,
    form: Form,
) -> Result<Response, Failure> {
    existing(&dashboard, &visitor, &queue).await?;
    let handler = dashboard.inside.handler(&queue);
    let version = handler.as_ref().map(|(_, version)| version);
    let name = form.text("name").unwrap_or_default().to_owned();
    let job_form = JobForm::new(&queue, version, Some(&name), Input::of(form.get("as")));
    let mut errors = Errors::new();
    let job = job(&job_form, &name, &form, &mut errors);
    if errors.is_empty() {
        match dashboard.admin.add(&queue, job).await {
            Ok(added) => {
                let path = job_path(&added.queue, &added.id);
                return Ok(Redirect::to(&format!("{path}?done=added")).into_response());
            }
            Err(error @ (AdminError::Invalid(_) | AdminError::Conflict(_))) => {
                errors.entry(String::new()).or_default().push(error.to_string());
            }
            Err(error) => return Err(Failure::from(error).back_to(queue_path(&queue), &visitor)),
        }
    }
    Ok(page(&visitor, &job_form, Some(&form), &errors, StatusCode::UNPROCESSABLE_ENTITY))
}

async fn existing(dashboard: &Dashboard, visitor: &Visitor, queue: &QueueName) -> Result<(), Failure> {
    let found = dashboard.admin.queue_details(queue).await;
    found.map(drop).map_err(|error| Failure::from(error).back_to("/".to_owned(), visitor))
}

fn job(job_form: &JobForm<'_>, name: &str, form: &Form, errors: &mut Errors) -> NewJob {
    let mut wrong = |field: &str, why: String| errors.entry(field.to_owned()).or_default().push(why);
    if name.is_empty() {
        wrong("name", "the name is needed".to_owned());
    } else if job_form.kind.is_none() && !job_form.names.is_empty() {
        wrong("name", "the plugin knows no job of this name".to_owned());
    }
    let mut number = |name: &str, label: &str| {
        let number = form.number(name, label).map_err(|why| wrong(name, why)).ok().flatten();
        number.map(|number| u32::try_from(number).unwrap_or(u32::MAX))
    };
    let (attempts, priority) = (number("attempts", "The number of attempts"), number("priority", "The priority"));
    let delay = form.span("delay", "The delay").map_err(|why| wrong("delay", why)).ok().flatten();
    let job_id = form.text("id").map(str::to_owned);
    let opts = NewJobOptions { job_id, delay, priority, attempts, ..NewJobOptions::default() };
    NewJob { name: name.to_owned(), data: data(job_form, form, errors), opts }
}

fn data(job_form: &JobForm<'_>, form: &Form, errors: &mut Errors) -> Value {
    let fields = job_form.fields.as_deref().unwrap_or_default();
    let data = match &job_form.fields {
        Some(fields) => schema_form::read(fields, form, errors),
        None => match serde_json::from_str(form.text("data").unwrap_or("{}")) {
            Ok(data) => data,
            Err(error) => {
                errors.entry("data".to_owned()).or_default().push(format!("this is not JSON: {error}"));
                return Value::Null;
            }
        },
    };
    let problems = job_form.kind.map(|kind| kind.problems(&data)).unwrap_or_default();
    match job_form.fields {
        Some(_) => schema_form::at_fields(fields, problems, errors),
        None => {
            let messages = problems.into_iter().map(|problem| match problem.field.is_empty() {
                true => problem.message,
                false => format!("{}: {}", problem.field, problem.message),
            });
            let messages: Vec<_> = messages.collect();
            if !messages.is_empty() {
                errors.entry("data".to_owned()).or_default().extend(messages);
            }
        }
    }
    data
}

fn page(
    visitor: &Visitor,
    job_form: &JobForm<'_>,
    sent: Option<&Form>,
    errors: &Errors,
    status: StatusCode,
) -> Response {
    let path = queue_path(job_form.queue);
    let page = Page::new(visitor, Section::Queues, "Add a job")
        .below("Queues", "/".to_owned())
        .below(job_form.queue.as_str(), path.clone())
        .status(status);
    page.show(html! {
        @if !errors.is_empty() {
            div.problem role="alert" { p { "The job was not added: see the errors below." } (errors_at(errors, "", "form")) }
        }
        @if job_form.name.is_none() && !job_form.names.is_empty() { (types(job_form, &path)) }
        @if visitor.read_only { p { "Nothing can be changed here." } }
        @else if job_form.name.is_some() || job_form.names.is_empty() || sent.is_some() { (form(visitor, job_form, sent, errors, &path)) }
    })
}

fn types(job_form: &JobForm<'_>, path: &str) -> Markup {
    html! {
        h2 { "Of which type?" }
        ul.choices { @for name in &job_form.names { li { a.button href={ (path) "/add?name=" (encoded(name)) } { (shown(name)) } } } }
    }
}

fn form(visitor: &Visitor, job_form: &JobForm<'_>, sent: Option<&Form>, errors: &Errors, path: &str) -> Markup {
    let has_fields = job_form.kind.and_then(|kind| schema_form::of_schema(kind.schema.as_ref()?)).is_some();
    html! {
        form.panel method="post" action={ (path) "/add" } {
            (visitor.csrf_field())
            @match job_form.name {
                Some(name) => {
                    h2 { (shown(name)) }
                    @if let Some(kind) = job_form.kind { @if !kind.description.is_empty() { p { (shown(&kind.description)) } } }
                    input type="hidden" name="name" value=(name);
                    @if job_form.names.len() > 1 { p { a href={ (path) "/add" } { "Another type" } } }
                }
                None => (input(sent, errors, "name", "Name", "text", None)),
            }
            @match &job_form.fields {
                Some(fields) => {
                    (schema_form::show(fields, sent, errors))
                    p { a href={ (path) "/add?as=json&name=" (encoded(job_form.name.unwrap_or_default())) } { "Write the data as JSON" } }
                }
                None => {
                    input type="hidden" name="as" value="json";
                    (json(sent, errors))
                    @if has_fields { p { a href={ (path) "/add?name=" (encoded(job_form.name.unwrap_or_default())) } { "Fill in fields instead" } } }
                }
            }
            fieldset {
                legend { "Options " span.note { "(optional; what is empty is as the queue's entry says)" } }
                (input(sent, errors, "delay", "Delay", "text", Some("A time such as 30s or 5m.")))
                (input(sent, errors, "priority", "Priority", "number", Some("1 goes first; jobs without one go before those.")))
                (input(sent, errors, "attempts", "Attempts", "number", None))
                (input(sent, errors, "id", "Id", "text", Some("One of your own. A job of that id that is there already is not added again.")))
            }
            p.buttons { button.primary type="submit" { "Add the job" } a.button href=(path) { "Back" } }
        }
    }
}

fn json(sent: Option<&Form>, errors: &Errors) -> Markup {
    let invalid = errors.contains_key("data").then_some("true");
    html! {
        div.field {
            label for="data" { "Data" }
            textarea.code id="data" name="data" rows="10" spellcheck="false" aria-invalid=[invalid] aria-describedby=[invalid.map(|_| "data-wrong")] {
                "\n" (sent.and_then(|form| form.get("data")).unwrap_or("{}"))
            }
            (errors_at(errors, "data", "data"))
        }
    }
}

fn input(sent: Option<&Form>, errors: &Errors, name: &str, label: &str, kind: &str, hint: Option<&str>) -> Markup {
    let wrong = errors.contains_key(name);
    let described = [(hint.is_some(), "hint"), (wrong, "wrong")].into_iter().filter(|(is, _)| *is);
    let described: Vec<_> = described.map(|(_, what)| format!("{name}-{what}")).collect();
    let described = (!described.is_empty()).then(|| described.join(" "));
    html! {
        div.field {
            label for=(name) { (label) }
            input id=(name) name=(name) type=(kind) value=(sent.and_then(|form| form.get(name)).unwrap_or_default())
                min=[(kind == "number").then_some("0")] aria-invalid=[wrong.then_some("true")] aria-describedby=[described];
            @if let Some(hint) = hint { span.note id={ (name) "-hint" } { (hint) } }
            (errors_at(errors, name, name))
        }
    }
}

//! Why a command failed: the exit code, and the message for the user.

use std::fmt::Display;
use std::process::ExitCode;

use super::text;
use crate::host::StartError;
use toril_bullmq::admin::AdminError;
use toril_config::LoadError;

/// Exit code: the operation failed.
pub const FAILED: u8 = 1;
/// Exit code: the command line or the configuration is not valid.
pub const WRONG: u8 = 2;
/// Exit code: jobs that still ran after `shutdown_timeout` were interrupted.
pub const FORCED: u8 = 3;

/// The result of a command. The exit code can differ from 0 if the command has already printed why.
pub type CommandResult = Result<ExitCode, CliError>;

/// Ends a command.
#[derive(Debug, PartialEq, Eq)]
pub struct CliError {
    code: u8,
    message: String,
}

impl CliError {
    /// The operation failed.
    pub fn failed(reason: impl Display) -> Self {
        Self { code: FAILED, message: format!("error: {reason}") }
    }

    /// The command line or the configuration is not valid.
    pub fn wrong(reason: impl Display) -> Self {
        Self { code: WRONG, message: format!("error: {reason}") }
    }

    /// The configuration is not valid. The message already contains a heading and the position.
    pub fn problems(problems: impl Display) -> Self {
        Self { code: WRONG, message: problems.to_string() }
    }

    /// Prints the message on standard error. Returns the exit code.
    pub fn print(self) -> ExitCode {
        eprintln!("{}", text::plain(self.message.trim_end()));
        ExitCode::from(self.code)
    }
}

impl From<LoadError> for CliError {
    fn from(reason: LoadError) -> Self {
        match reason {
            LoadError::Invalid(problems) => Self::problems(problems),
            other => Self::wrong(other),
        }
    }
}

impl From<StartError> for CliError {
    fn from(reason: StartError) -> Self {
        let is_configuration = reason.is_configuration();
        match reason {
            StartError::Load(problems) | StartError::Unguarded(problems) => Self::problems(problems),
            other if is_configuration => Self::wrong(other),
            other => Self::failed(other),
        }
    }
}

impl From<AdminError> for CliError {
    fn from(reason: AdminError) -> Self {
        let message = text::line(reason.to_string());
        match reason {
            AdminError::Invalid(_) => Self::wrong(message),
            _ => Self::failed(message),
        }
    }
}

impl From<toril_sandbox::LoadError> for CliError {
    /// A missing file is a mistake on the command line.
    fn from(reason: toril_sandbox::LoadError) -> Self {
        match reason {
            toril_sandbox::LoadError::Missing(_) | toril_sandbox::LoadError::Unreadable { .. } => Self::wrong(reason),
            _ => Self::failed(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_says_whose_mistake_it_is() {
        let invalid = CliError::from(AdminError::Invalid("no\u{1b}".to_owned()));
        assert_eq!(invalid.code, WRONG);
        assert!(!invalid.message.contains('\u{1b}'), "{invalid:?}");
        let missing = CliError::from(AdminError::NoQueue { queue: "q".to_owned() });
        assert_eq!(missing.code, FAILED);
    }
}

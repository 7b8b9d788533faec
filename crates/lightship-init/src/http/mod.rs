//! The health port. (Being replaced.)

mod answer;

use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use lightship_model::event::Event;
use lightship_model::name::ToolName;

use crate::poller::Poller;
use crate::view::View;

pub(crate) use self::answer::Answer;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket;

#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) ticket: Ticket,
    pub(crate) what: Command,
}

#[derive(Debug)]
pub(crate) enum Command {
    Promote { tool: ToolName },
    Retry { tool: ToolName },
    Reload,
    Stop,
    ToolLog { tool: ToolName, lines: usize },
}

#[derive(Debug)]
pub(crate) struct Access;

pub(crate) struct Http;

impl Http {
    pub(crate) fn new(_: Option<TcpListener>, _: Option<UnixListener>, _: Access) -> Self {
        Self
    }
    pub(crate) fn watch(&mut self, _: &mut Poller, _: Duration) {}
    pub(crate) fn deadline(&self) -> Option<Duration> {
        None
    }
    pub(crate) fn turn(&mut self, _: &Poller, _: &View, _: Duration) -> Vec<Asked> {
        vec![]
    }
    pub(crate) fn tell(&mut self, _: &Event) {}
    pub(crate) fn reply(&mut self, _: Ticket, _: Answer) {}
    pub(crate) fn shutdown(&mut self) {}
}

//! The whole HTTP side over real sockets, in a loop like PID 1's.

mod clients;
mod commands;
mod hostile;
mod polite;
mod serving;
mod streams;
mod waiting;

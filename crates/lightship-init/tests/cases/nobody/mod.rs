//! What none of them tests: L1 to L21.

mod bad_start;
mod clean_up;
mod confined;
mod daemon;
mod early_stop;
mod escapee;
mod exec_probe;
mod held_output;
mod logs;
mod many_orphans;
mod masks;
mod neighbours;
mod no_processes;
mod out_of_memory;
mod real_time;
mod second_stop;
mod statuses;
mod streams;
mod terminal;
mod times;

//! Reads messages, one JSON object `{ "header", "content" }` a line, with the parser of runtimed's clients (Zed, nteract),
//! and prints a line for each that it refuses, or does not know; runtimed.test.ts runs it.

use jupyter_protocol::messaging::{Header, JupyterMessageContent};
use serde_json::Value;
use std::io::{self, BufRead};

fn refusal(line: &str) -> Option<String> {
    let mut message: Value = match serde_json::from_str(line) {
        Ok(value) => value,
        Err(error) => return Some(format!("no JSON: {error}")),
    };
    let header: Header = match serde_json::from_value(message["header"].take()) {
        Ok(header) => header,
        Err(error) => return Some(format!("header: {error}")),
    };
    let kind = header.msg_type;
    match JupyterMessageContent::from_type_and_content(&kind, message["content"].take()) {
        Err(error) => Some(format!("{kind}: {error}")),
        Ok(JupyterMessageContent::UnknownMessage(_)) => Some(format!("{kind}: not known")),
        Ok(_) => None,
    }
}

fn main() {
    let mut count = 0;
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        count += 1;
        if let Some(reason) = refusal(&line) {
            println!("{reason}");
        }
    }
    eprintln!("{count} messages read");
}

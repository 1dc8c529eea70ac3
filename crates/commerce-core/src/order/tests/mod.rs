//! The rules of an order, each as a sentence.

mod illegal_moves;
mod items;
mod laws;
mod legal_moves;
mod lines;
mod offers;
mod placing;
mod repeats;
mod status;
mod stored;
mod support;

//! The rules of a shipment, each as a sentence.

mod attempts;
mod creating;
mod delays;
mod illegal_moves;
mod laws;
mod legal_moves;
mod names;
mod package;
mod repeats;
mod stored;
mod support;
mod tariff;
mod tracking;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::iter;
use std::ops::Range;

use super::saga::Saga;

/// Where all is undone, and where an operator is needed.
const ENDS: [&str; 2] = ["failed", "stuck"];

impl<S> Saga<S> {
    /// The definition as a Mermaid state diagram: what is done, and what is undone if it fails.
    pub fn mermaid(&self) -> String {
        let mut text =
            format!("---\ntitle: {} (version {})\n---\nstateDiagram-v2\n", self.name, self.version.0);
        let nodes = self.nodes();
        let mut before = &["[*]".to_owned()][..];
        for stage in &self.stages {
            for (step, node) in self.steps[stage.clone()].iter().zip(&nodes[stage.clone()]) {
                let _ = writeln!(text, "    {node}: {}", step.name);
                if step.undo.is_some() {
                    let _ = writeln!(text, "    {}: undo {}", undo(node), step.name);
                }
            }
            let of_stage = &nodes[stage.clone()];
            for from in before {
                for to in of_stage {
                    let _ = writeln!(text, "    {from} --> {to}");
                }
            }
            before = of_stage;
        }
        for last in before {
            let _ = writeln!(text, "    {last} --> [*]");
        }
        self.draw_compensation(&nodes, &mut text);
        text
    }

    /// A step that fails leads to the undoing of the last one that can be undone of those before it, and of those
    /// alongside it, which may be done; after the step that decides, it leads nowhere.
    fn draw_compensation(&self, nodes: &[String], text: &mut String) {
        let [failed, stuck] = ENDS;
        for stage in &self.stages {
            for step in stage.clone() {
                let node = &nodes[step];
                if self.decisive.is_some_and(|decisive| step > decisive) {
                    let _ = writeln!(text, "    {node} --> {stuck}: failed");
                    continue;
                }
                let last_of = |steps: Range<usize>| {
                    let mut undone =
                        steps.rev().filter(|other| *other != step && self.steps[*other].undo.is_some());
                    undone.next().map_or_else(|| failed.to_owned(), |other| undo(&nodes[other]))
                };
                let _ = writeln!(text, "    {node} --> {}: failed", last_of(0..stage.end));
                if self.steps[step].undo.is_some() {
                    let _ = writeln!(text, "    {} --> {}", undo(node), last_of(0..step));
                }
            }
        }
    }

    /// The steps' names as far as Mermaid takes them, with a number where two look alike.
    fn nodes(&self) -> Vec<String> {
        let mut taken: BTreeSet<String> = ENDS.map(str::to_owned).into();
        let names =
            self.steps.iter().map(|step| step.name.replace(|c: char| !c.is_ascii_alphanumeric(), "_"));
        let nodes = names.map(|name| {
            let numbered = (2..).map(|number| format!("{name}_{number}"));
            let is_free = |node: &String| !taken.contains(node) && !taken.contains(&undo(node));
            let node = iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or(name);
            taken.extend([undo(&node), node.clone()]);
            node
        });
        nodes.collect()
    }
}

fn undo(node: &str) -> String {
    format!("undo_{node}")
}

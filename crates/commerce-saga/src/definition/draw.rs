use std::fmt::Write as _;

use super::saga::Saga;

impl<S> Saga<S> {
    /// The definition as a Mermaid state diagram: what is done, and what is undone if it fails.
    pub fn mermaid(&self) -> String {
        let mut text =
            format!("---\ntitle: {} (version {})\n---\nstateDiagram-v2\n", self.name, self.version.0);
        let mut before = vec!["[*]".to_owned()];
        for stage in &self.stages {
            let names: Vec<String> = self.steps[stage.clone()].iter().map(|step| node(&step.name)).collect();
            for step in &self.steps[stage.clone()] {
                let _ = writeln!(text, "    {}: {}", node(&step.name), step.name);
                if step.undo.is_some() {
                    let _ = writeln!(text, "    undo_{0}: undo {1}", node(&step.name), step.name);
                }
            }
            for from in &before {
                for to in &names {
                    let _ = writeln!(text, "    {from} --> {to}");
                }
            }
            before = names;
        }
        for last in &before {
            let _ = writeln!(text, "    {last} --> [*]");
        }
        self.draw_compensation(&mut text);
        text
    }

    /// A step that fails leads to the undoing of the last one before it that can be undone; after the step that
    /// decides, it leads nowhere.
    fn draw_compensation(&self, text: &mut String) {
        let mut undo_before: Option<String> = None;
        for (index, step) in self.steps.iter().enumerate() {
            let name = node(&step.name);
            if self.decisive.is_some_and(|decisive| index > decisive) {
                let _ = writeln!(text, "    {name} --> stuck: failed");
                continue;
            }
            if let Some(undo) = &undo_before {
                let _ = writeln!(text, "    {name} --> {undo}: failed");
            } else {
                let _ = writeln!(text, "    {name} --> failed: failed");
            }
            if step.undo.is_some() {
                let undo = format!("undo_{name}");
                let target = undo_before.as_deref().unwrap_or("failed");
                let _ = writeln!(text, "    {undo} --> {target}");
                undo_before = Some(undo);
            }
        }
    }
}

fn node(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

//! No parameter of a query is silently dropped.

use crate::on_every_backend;
use crate::support::App;

on_every_backend!(a_parameter_that_is_unknown_is_refused_everywhere);

const EVERYONE: &str = "admin,warehouse,inventory_manager,analyst,customer";

/// A path with something in place of each variable.
fn filled(path: &str) -> String {
    let part = |part: &str| match part.strip_prefix('{') {
        Some(name) if name.ends_with("id}") => "0190a0a0-0000-7000-8000-000000000000".to_owned(),
        Some(_) => "X1".to_owned(),
        None => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

async fn a_parameter_that_is_unknown_is_refused_everywhere(app: App) {
    let api = app.get("//openapi.json").expect(200).await.json();
    let paths = api["paths"].as_object().unwrap();
    let read = paths.iter().filter(|(path, item)| path.starts_with("/api/v1/") && item["get"].is_object());
    let mut asked = 0;
    for (path, _) in read {
        let path = filled(path.trim_start_matches("/api/v1"));
        let problem =
            app.get(&format!("{path}?colour=red")).role(EVERYONE).refused(400, "invalid_query").await;
        assert!(problem["detail"].as_str().unwrap().contains("colour"), "{path}: {problem}");
        asked += 1;
    }
    assert!(asked > 35, "only {asked} endpoints");
    app.close().await;
}

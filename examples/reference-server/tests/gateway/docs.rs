//! The API reference.

use reference_server::gateway::GatewayOptions;

use crate::support::{catalog, in_process};

const FILES: [(&str, &str); 3] = [
    ("/docs", "text/html; charset=utf-8"),
    ("/docs/reference.js", "text/javascript; charset=utf-8"),
    ("/docs/reference.css", "text/css; charset=utf-8"),
];

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let gateway = in_process(vec![catalog()], &GatewayOptions::default());
    for (path, content_type) in FILES {
        let reply = gateway.get(path).expect(200).await;
        assert_eq!(reply.header("content-type"), content_type);
        let text = String::from_utf8(reply.bytes.clone()).unwrap().to_lowercase();
        for elsewhere in
            ["http:", "https:", "ws:", "wss:", "@import", "url(", "\"//", "'//", "=//", "data:", "import("]
        {
            assert!(!text.contains(elsewhere), "{path} has {elsewhere}");
        }
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{policy}");
    }
}

#[tokio::test]
async fn whatever_the_page_refers_to_is_there() {
    let gateway = in_process(vec![catalog()], &GatewayOptions::default());
    let page = String::from_utf8(gateway.get("/docs").expect(200).await.bytes).unwrap();
    let referred: Vec<_> = ["src=\"", "href=\""]
        .iter()
        .flat_map(|attribute| page.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()))
        .collect();
    assert!(referred.len() >= 3, "{referred:?}");
    for path in referred {
        gateway.get(path).expect(200).await;
    }
    assert!(!page.contains("<script>"), "nothing runs that the policy forbids");
}

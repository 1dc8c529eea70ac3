//! The program as it serves, from outside.

// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/program.rs"]
mod program;
#[path = "support/serving.rs"]
mod serving;

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use commerce_test_redis::Redis;
use program::{Place, program, replay_on, run, summary_of_sample, url};
use serde_json::json;
use serving::{Serving, heard};

/// Who the demo has, and as what.
const USERS: [(&str, &str); 5] = [
    ("customer@example.com", "customer"),
    ("admin@example.com", "admin"),
    ("warehouse@example.com", "warehouse"),
    ("stock@example.com", "inventory_manager"),
    ("analyst@example.com", "analyst"),
];

fn serve_on(store: &str, options: &[&str]) -> Command {
    let mut command = program();
    command.args(["serve", "--store", store]).args(options);
    command
}

#[track_caller]
fn has_its_demo(server: &Serving, password: &str) {
    for (email, role) in USERS {
        let tokens = server.log_in(email, password).expect(200);
        let token = tokens["access_token"].as_str();
        let me = server.ask("GET", "/api/v1/users/me", token, None).expect(200);
        assert_eq!((&me["roles"], &me["email_confirmed"]), (&json!([role]), &json!(true)), "{email}");
    }
    let categories = server.ask("GET", "/api/v1/catalog/categories", None, None).expect(200);
    assert_eq!(categories["items"].as_array().unwrap().len(), 5);
}

#[test]
fn an_empty_store_begins_with_a_demo_and_keeps_it() {
    program::on_each(|place| {
        let mut server = Serving::start(&mut serve_on(&place.url, &[]));
        let password = server.password().unwrap();
        has_its_demo(&server, &password);
        server.stop();
        // Without a command it serves too.
        let mut again = program();
        let mut server = Serving::start(again.args(["--store", &place.url]));
        assert!(server.hear().contains("at the first start") && server.password().is_none());
        has_its_demo(&server, &password);
        server.stop();
    });
}

#[test]
fn a_demo_that_was_interrupted_is_completed() {
    let place = Place::folder();
    let mut shown = None;
    for wait in [0, 60, 120, 240, 400, 600] {
        let mut server = Serving::begin(&mut serve_on(&place.url, &[]));
        std::thread::sleep(Duration::from_millis(wait));
        server.kill();
        std::thread::sleep(Duration::from_millis(20));
        shown = server.password().or(shown);
    }
    let mut server = Serving::start(&mut serve_on(&place.url, &[]));
    let password = server.password().or(shown).unwrap();
    has_its_demo(&server, &password);
    server.stop();
}

#[test]
fn the_password_of_the_demo_can_be_set_and_is_not_shown() {
    let place = Place::folder();
    let mut command = serve_on(&place.url, &[]);
    let mut server = Serving::start(command.env("COMMERCE__DEMO__PASSWORD", "Lovelace-1815"));
    has_its_demo(&server, "Lovelace-1815");
    assert!(server.password().is_none() && !server.hear().contains("Lovelace"), "{}", server.said);
    server.stop();
}

#[test]
fn an_empty_store_can_be_left_empty() {
    let mut server = Serving::start(&mut serve_on("memory://", &["--no-seed"]));
    assert!(!server.hear().contains("demo"), "{}", server.said);
    assert_eq!(server.log_in("admin@example.com", "Lovelace-1815").status, 401);
    server.stop();
}

#[test]
fn what_is_under_way_when_it_is_stopped_is_finished() {
    let server = Serving::start(&mut serve_on("memory://", &["--no-seed"]));
    let body = json!({
        "email": "ada@example.org", "password": "Lovelace-1815", "first_name": "Ada", "last_name": "Lovelace",
    });
    let (body, mut stream) = (body.to_string(), server.connect());
    let idle = server.connect();
    let head = format!(
        "POST /api/v1/auth/register HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body.as_bytes()[..10]).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    server.signal("-INT");
    std::thread::sleep(Duration::from_millis(300));
    stream.write_all(&body.as_bytes()[10..]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(heard(&answer).unwrap().status, 201, "{answer}");
    assert_eq!(server.end_within(Duration::from_secs(10)).code(), Some(0));
    drop(idle);
}

#[test]
fn a_request_that_never_ends_does_not_keep_it() {
    let server = Serving::start(&mut serve_on("memory://", &["--no-seed"]));
    let _unfinished = begin_a_request(&server);
    server.stop();
}

/// One whose body never comes to its end.
fn begin_a_request(server: &Serving) -> TcpStream {
    let mut stream = server.connect();
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\n\
                content-length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    stream
}

#[test]
fn neither_a_silent_collector_nor_a_request_that_never_ends_keeps_it() {
    // The system takes connections for it, and nobody reads from them.
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let mut command = serve_on("memory://", &["--no-seed"]);
    let server = Serving::start(command.env("COMMERCE__OTLP__ENDPOINT", endpoint));
    // Without a span there is nothing to send.
    server.ask("GET", "/api/v1/catalog/categories", None, None).expect(200);
    let _unfinished = begin_a_request(&server);
    server.stop();
}

/// Whatever this test was started to ignore itself.
fn serve_that_hears_hangups() -> Command {
    let mut command = Command::new("env");
    command.arg("--default-signal=HUP").arg(program().get_program());
    command.args(["serve", "--store", "memory://", "--no-seed"]);
    command
}

#[test]
fn who_can_not_wait_ends_it_at_once() {
    for signals in [["-INT", "-INT"], ["-TERM", "-HUP"]] {
        let server = Serving::start(&mut serve_that_hears_hangups());
        let mut stream = server.connect();
        let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\n\
                    content-length: 10\r\n\r\n{";
        stream.write_all(head.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        for signal in signals {
            server.signal(signal);
            std::thread::sleep(Duration::from_millis(300));
        }
        assert_eq!(server.end_within(Duration::from_secs(2)).code(), Some(130), "{signals:?}");
    }
}

#[test]
fn a_terminal_that_is_closed_ends_it_in_good_order() {
    let server = Serving::start(&mut serve_that_hears_hangups());
    server.signal("-HUP");
    assert_eq!(server.end_within(Duration::from_secs(10)).code(), Some(0));
}

#[test]
fn what_is_to_outlive_its_terminal_does() {
    let mut command = Command::new("nohup");
    command.arg(program().get_program()).args(["serve", "--store", "memory://", "--no-seed"]);
    let server = Serving::start(&mut command);
    server.signal("-HUP");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(server.ask("GET", "/livez", None, None).status, 200);
    server.stop();
}

#[test]
fn headers_are_bounded() {
    let server = Serving::start(&mut serve_on("memory://", &["--no-seed"]));
    for (bytes, taken) in [(40_000, true), (300_000, false)] {
        let mut stream = server.connect();
        let padding = "x".repeat(bytes);
        let asked =
            format!("GET /livez HTTP/1.1\r\nhost: shop\r\nconnection: close\r\npadding: {padding}\r\n\r\n");
        let _ = stream.write_all(asked.as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert_eq!(answer.contains(" 200 "), taken, "{bytes}: {answer}");
    }
    server.stop();
}

#[test]
fn a_client_that_sends_its_headers_too_slowly_is_dropped() {
    let server = Serving::start(&mut serve_on("memory://", &["--no-seed"]));
    let mut stream = server.connect();
    stream.write_all(b"GET /livez HTTP/1.1\r\n").unwrap();
    let begun = Instant::now();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert!(!answer.contains("200"), "{answer}");
    server.stop();
}

#[test]
fn a_client_that_does_not_read_is_dropped() {
    let server = Serving::start(&mut serve_on("memory://", &["--no-seed"]));
    let mut stream = server.connect();
    stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let asked = "GET /openapi.json HTTP/1.1\r\nhost: shop\r\n\r\n".repeat(100);
    let begun = Instant::now();
    let ended = loop {
        match stream.write(asked.as_bytes()) {
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => break error,
        }
        assert!(begun.elapsed() < Duration::from_secs(40), "it is held for ever");
    };
    assert!(matches!(ended.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{ended}");
    server.stop();
}

#[test]
fn only_so_many_connections_are_open_at_once() {
    let mut command = serve_on("memory://", &["--no-seed"]);
    let server = Serving::start(command.env("COMMERCE__CONNECTIONS", "1"));
    let (first, mut second) = (server.connect(), server.connect());
    second.write_all(b"GET /livez HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n").unwrap();
    second.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(second.read(&mut [0; 1]).is_err(), "it waits");
    drop(first);
    second.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut answer = String::new();
    second.read_to_string(&mut answer).unwrap();
    assert_eq!(heard(&answer).unwrap().status, 200, "{answer}");
    server.stop();
}

#[test]
fn who_holds_half_of_all_connections_gets_none_of_the_last() {
    let mut command = serve_on("memory://", &["--no-seed"]);
    let server = Serving::start(command.env("COMMERCE__CONNECTIONS", "20"));
    let held: Vec<_> = (0..18).map(|_| server.connect()).collect();
    let mut more = server.connect();
    more.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let heard = more.read(&mut [0; 1]);
    let is_hung_up = |error: &std::io::Error| error.kind() == ErrorKind::ConnectionReset;
    assert!(
        heard.as_ref().is_ok_and(|read| *read == 0) || heard.as_ref().is_err_and(is_hung_up),
        "{heard:?}"
    );
    drop(held);
    server.stop();

    let mut command = serve_on("memory://", &["--no-seed"]);
    let command = command.env("COMMERCE__CONNECTIONS", "20");
    let server = Serving::start(command.env("COMMERCE__GATEWAY__TRUSTED_PROXIES", "127.0.0.0/8"));
    let held: Vec<_> = (0..19).map(|_| server.connect()).collect();
    server.ask("GET", "/livez", None, None).expect(200);
    drop(held);
    server.stop();
}

#[test]
fn a_port_that_is_taken_is_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    run(&mut serve_on(&url(&data), &["--listen", &address])).fails(3, &[&address, "can't be listened on"]);
    assert!(!data.exists());
}

#[test]
fn settings_that_are_wrong_are_named_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("commerce.toml"));
    let store = url(&data);
    for (name, value, word) in [
        ("COMMERCE__LISTEN", "here", "an address and a port"),
        ("COMMERCE__LISTNE", "127.0.0.1:0", "no such setting"),
        ("COMMERCE__CONNECTIONS", "0", "a whole number from 1"),
        ("COMMERCE__DEMO__PASSWORD", "weak", "at least 8 characters"),
        ("COMMERCE__GATEWAY__RATE_LIMIT", "maybe", "on or off"),
        ("COMMERCE__GATEWAY__WRITES_PER_MINUTE", "0", "a whole number from 1"),
        ("COMMERCE__REDIS__URL", "localhost", "redis://"),
        ("COMMERCE__LOG__FORMAT", "xml", "pretty or json"),
        ("COMMERCE__SMTP__URL", "mail", "smtps://"),
        ("COMMERCE__STRIPE__RETURN_URL", "back", "https://"),
        ("COMMERCE__PAYMENT__CUSTOMER_ACTION_SECONDS", "900", "from 3 to 600"),
    ] {
        run(serve_on(&store, &[]).env(name, value)).fails(2, &[name, word]);
    }
    run(serve_on(&store, &[]).env("COMMERCE__REDIS__URL", "redis://:x/"))
        .fails(2, &["redis.url", "no address"]);
    run(serve_on(&store, &[]).env("COMMERCE__STRIPE__RETURN_URL", "https://shop.example/back"))
        .fails(2, &["stripe.return_url", "stripe.secret_key"]);
    let config = file.to_str().unwrap();
    run(&mut serve_on(&store, &["--config", config])).fails(2, &[config]);
    fs::write(&file, "[gateway]\nrate_limits = true\n").unwrap();
    run(&mut serve_on(&store, &["--config", config])).fails(2, &["gateway.rate_limits", config]);
    run(&mut serve_on(&store, &["--listen", "8080"])).fails(2, &["--listen"]);
    run(&mut serve_on("mysql://", &[])).fails(2, &["--store", "postgres://"]);
    assert!(!data.exists());
}

#[test]
fn a_file_is_read_and_options_count_more() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("commerce.toml");
    fs::write(&file, "listen = \"127.0.0.1:1\"\nseed = false\n\n[store]\nurl = \"memory://\"\n").unwrap();
    let mut command = program();
    let mut server = Serving::start(command.args(["serve", "--config", file.to_str().unwrap()]));
    assert!(server.hear().contains("memory://") && !server.said.contains("demo"), "{}", server.said);
    server.stop();
}

#[test]
fn webhooks_are_verified_also_where_payments_are_pretended() {
    let mut command = serve_on("memory://", &["--no-seed"]);
    let server = Serving::start(command.env("COMMERCE__STRIPE__WEBHOOK_SECRET", "whsec_sesame"));
    let unsigned = server.ask("POST", "/api/v1/webhooks/stripe", None, Some(&json!({}))).expect(400);
    assert_eq!(unsigned["code"], "invalid_signature");
    server.stop();
}

#[test]
fn a_half_of_stripes_secrets_is_warned_of() {
    let (key, webhook) = (
        ("COMMERCE__STRIPE__SECRET_KEY", "sk_test_sesame"),
        ("COMMERCE__STRIPE__WEBHOOK_SECRET", "whsec_sesame"),
    );
    for (secrets, warning) in [
        (vec![key], Some("no stripe.webhook_secret")),
        (vec![webhook], Some("no stripe.secret_key")),
        (vec![key, webhook], None),
    ] {
        // It ends before it serves: there is no such server.
        let ran = run(serve_on("postgres://shop@127.0.0.1:1/shop", &[]).envs(secrets));
        assert_eq!(ran.stderr.contains("stripe."), warning.is_some(), "{ran:?}");
        assert!(
            ran.stderr.contains(warning.unwrap_or_default()) && !ran.stderr.contains("sesame"),
            "{ran:?}"
        );
    }
}

#[test]
fn help_lists_every_setting() {
    let help = run(program().args(["serve", "--help"])).ends_with(0).stdout;
    for name in [
        "COMMERCE__LISTEN",
        "COMMERCE__CONNECTIONS",
        "COMMERCE__STORE__URL",
        "COMMERCE__SEED",
        "COMMERCE__DEMO__PASSWORD",
        "COMMERCE__GATEWAY__RATE_LIMIT",
        "COMMERCE__GATEWAY__WRITES_PER_MINUTE",
        "COMMERCE__GATEWAY__READS_PER_MINUTE",
        "COMMERCE__REDIS__URL",
        "COMMERCE__LOG__FORMAT",
        "COMMERCE__IDENTITY__ISSUER",
        "COMMERCE__IDENTITY__AUDIENCE",
        "COMMERCE__SMTP__URL",
        "COMMERCE__STRIPE__SECRET_KEY",
        "COMMERCE__STRIPE__WEBHOOK_SECRET",
        "COMMERCE__STRIPE__BASE_URL",
        "COMMERCE__STRIPE__RETURN_URL",
        "COMMERCE__PAYMENT__CUSTOMER_ACTION_SECONDS",
        "COMMERCE__OTLP__ENDPOINT",
    ] {
        assert!(help.contains(name), "{name}: {help}");
    }
    let whole = run(program().arg("--help")).ends_with(0).stdout;
    assert!(whole.contains("COMMERCE__LISTEN") && whole.contains("Exit codes"), "{whole}");
}

#[test]
fn keys_are_rotated_by_a_command() {
    program::on_each(|place| {
        let server = Serving::start(&mut serve_on(&place.url, &["--no-seed"]));
        let jwks = |server: &Serving| server.ask("GET", "/.well-known/jwks.json", None, None).expect(200);
        let before = jwks(&server);
        server.stop();
        let rotated = place.look(&["keys", "rotate"]).ends_with(0).stdout;
        let server = Serving::start(&mut serve_on(&place.url, &["--no-seed"]));
        let after = jwks(&server);
        assert!(rotated.contains(after["keys"][0]["kid"].as_str().unwrap()), "{rotated}: {after}");
        assert_eq!(after["keys"][1], before["keys"][0]);
        server.stop();
    });
}

#[test]
fn a_shop_without_a_demo_gets_its_first_admin_by_a_command() {
    program::on_each(|place| {
        let mut server = Serving::start(&mut serve_on(&place.url, &["--no-seed"]));
        assert!(server.hear().contains("users add ADDRESS --role admin"), "{}", server.said);
        let account = json!({
            "email": "ada@example.org", "password": "Lovelace-1815", "first_name": "Ada", "last_name": "Lovelace",
        });
        server.ask("POST", "/api/v1/auth/register", None, Some(&account)).expect(201);
        server.stop();

        let made = place.look(&["users", "add", "boss@example.org", "--role", "admin"]).ends_with(0).stdout;
        let password = made.trim().rsplit(' ').next().unwrap();
        place.look(&["users", "add", "boss@example.org", "--role", "admin"]).ends_with(1);
        let roles = ["--role", "analyst", "--role", "warehouse"];
        place.look(&[&["users", "set-roles", "ada@example.org"], &roles[..]].concat()).ends_with(0);
        place.look(&["users", "set-roles", "nobody@example.org", "--role", "admin"]).ends_with(2);
        place.look(&["users", "set-roles", "ada@example.org", "--role", "king"]).ends_with(2);
        place.look(&["users", "add", "no address", "--role", "admin"]).ends_with(2);

        let mut server = Serving::start(&mut serve_on(&place.url, &["--no-seed"]));
        assert!(!server.hear().contains("users add"), "{}", server.said);
        let who = |email, password| {
            let tokens = server.log_in(email, password).expect(200);
            let me = server.ask("GET", "/api/v1/users/me", tokens["access_token"].as_str(), None);
            me.expect(200)["roles"].clone()
        };
        assert_eq!(who("boss@example.org", password), json!(["admin"]));
        assert_eq!(who("ada@example.org", "Lovelace-1815"), json!(["warehouse", "analyst"]));
        server.stop();
    });
}

/// Until the notification service has messages that it will try again. That is measured every five seconds.
#[track_caller]
fn until_notification_holds(server: &Serving) {
    let deadline = Instant::now() + Duration::from_secs(50);
    loop {
        let figures = server.ask("GET", "/metrics", None, None).body;
        let held = figures.lines().filter(|line| line.starts_with("held_messages{"));
        let mut of_notification =
            held.filter(|line| line.contains("\"notification\"") && line.contains("\"retrying\""));
        if of_notification.any(|line| !line.ends_with(" 0")) {
            return;
        }
        assert!(Instant::now() < deadline, "notification holds nothing: {figures}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn what_was_imported_can_be_served_and_imported_again() {
    program::on_each(|place| {
        run(&mut replay_on(&place.url, &[])).ends_with(0);
        let server = Serving::start(&mut serve_on(&place.url, &["--no-seed"]));
        // Customers that were imported have no account: what is to be told to them waits for a minute.
        until_notification_holds(&server);
        server.stop();
        // Who would tell them does not run here, and nothing waits for it.
        let ran = run(&mut replay_on(&place.url, &[])).ends_with(0);
        assert!(ran.stderr.contains("`serve` on this store takes them in"), "{ran:?}");
        assert_eq!(ran.summary(), summary_of_sample());
        let audited = place.look(&["audit"]).ends_with(0).stdout;
        assert!(audited.contains("messages wait for notification and analytics"), "{audited}");
        assert!(audited.ends_with("audit ok\n"), "{audited}");
    });
}

#[test]
fn a_gateway_in_a_process_of_its_own_leads_to_the_services() {
    let place = Place::folder();
    let mut server = Serving::start(&mut serve_on(&place.url, &[]));
    let password = server.password().unwrap();
    let mut command = program();
    command.arg("gateway");
    for service in
        ["identity", "catalog", "inventory", "order", "payment", "shipping", "notification", "analytics"]
    {
        command.args(["--upstream", &format!("{service}=http://{}", server.address)]);
    }
    // What it doesn't need may be wrong.
    let gateway = Serving::start(command.env("COMMERCE__STORE__URL", "mysql://"));
    has_its_demo(&gateway, &password);
    let paths = gateway.ask("GET", "/openapi.json", None, None).expect(200);
    assert!(paths["paths"]["/api/v1/orders"].is_object());
    let figures = gateway.ask("GET", "/metrics", None, None).body;
    assert!(figures.contains("/api/v1/users/{*rest}"), "its own requests are counted: {figures}");
    let forged = gateway.ask("GET", "/api/v1/users/me", Some("e30.e30.e30"), None).expect(401);
    assert_eq!(forged["code"], "invalid_token");
    server.stop();
    let gone = gateway.ask("GET", "/api/v1/catalog/categories", None, None).expect(503);
    assert_eq!(gone["code"], "upstream_unavailable");
    assert_eq!(gateway.ask("GET", "/readyz", None, None).status, 503);
    gateway.stop();
}

#[test]
fn processes_with_one_redis_count_a_clients_requests_together() {
    let redis = Redis::start();
    let start = || {
        let mut command = serve_on("memory://", &["--no-seed"]);
        command.env("COMMERCE__GATEWAY__READS_PER_MINUTE", "3").env("COMMERCE__REDIS__URL", redis.url());
        Serving::start(&mut command)
    };
    let (one, other) = (start(), start());
    let read = |server: &Serving| server.ask("GET", "/api/v1/catalog/categories", None, None);
    for server in [&one, &other, &one] {
        read(server).expect(200);
    }
    for server in [&one, &other] {
        assert_eq!(read(server).expect(429)["code"], "rate_limited");
    }
    one.stop();
    other.stop();
}

#[test]
fn of_the_settings_a_gateway_reads_its_own_alone_and_lists_them() {
    let help = run(program().args(["gateway", "--help"])).ends_with(0).stdout;
    for name in
        ["LISTEN", "REDIS__URL", "GATEWAY__ORIGINS", "IDENTITY__ISSUER", "LOG__FORMAT", "OTLP__ENDPOINT"]
    {
        assert!(help.contains(&format!("COMMERCE__{name}")), "{name}: {help}");
    }
    assert!(!help.contains("STORE__URL") && !help.contains("STRIPE"), "{help}");
    let gateway = || {
        let mut command = program();
        command.args(["gateway", "--upstream", "identity=http://127.0.0.1:1"]);
        command
    };
    // Its own, and one that there isn't, are said to be wrong.
    run(gateway().env("COMMERCE__REDIS__URL", "localhost")).fails(2, &["COMMERCE__REDIS__URL"]);
    run(gateway().env("COMMERCE__STOER__URL", "memory://")).fails(2, &["COMMERCE__STOER__URL"]);
}

#[test]
fn a_gateway_without_the_identity_service_is_refused() {
    for (upstream, sentence) in [
        ("order=http://127.0.0.1:1", "identity=URL is missing"),
        ("orders=http://127.0.0.1:1", "is no service"),
        ("order", "SERVICE=http://HOST:PORT"),
    ] {
        run(program().args(["gateway", "--upstream", upstream])).fails(2, &[sentence]);
    }
}

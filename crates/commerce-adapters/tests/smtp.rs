//! Mails, by a server that the test runs itself.
#![cfg(feature = "smtp")]
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may fail as loudly as tests

mod channel;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use channel::delivery;
use commerce_adapters::smtp::{InvalidSmtp, Smtp};
use commerce_core::error::Kind;
use commerce_core::notification::{Channel, ChannelKind, Delivery};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the server does.
#[derive(Clone, Copy)]
enum Manner {
    Accepts,
    /// Answers this to RCPT.
    AnswersRcpt(&'static str),
    /// Answers this to the text.
    AnswersData(&'static str),
    /// Takes the connection and says nothing.
    Silent,
    /// Ends the connection after the text, before its answer.
    HangsUp,
}

struct Server {
    url: String,
    mails: Arc<Mutex<Vec<String>>>,
}

async fn serve(manner: Manner) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let mails = Arc::new(Mutex::new(Vec::new()));
    let kept = mails.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let kept = kept.clone();
            tokio::spawn(async move { converse(stream, manner, &kept).await });
        }
    });
    Server { url, mails }
}

/// One connection. `None` when it has ended.
async fn converse(stream: TcpStream, manner: Manner, mails: &Mutex<Vec<String>>) -> Option<()> {
    if matches!(manner, Manner::Silent) {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 test\r\n").await.ok()?;
    loop {
        let command = line(&mut stream).await?;
        let answer = match command.get(..4)? {
            "EHLO" => "250 test",
            "RCPT" => match manner {
                Manner::AnswersRcpt(answer) => answer,
                _ => "250 ok",
            },
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                let mut mail = String::new();
                loop {
                    let line = line(&mut stream).await?;
                    if line == ".\r\n" {
                        break;
                    }
                    mail += &line;
                }
                mails.lock().unwrap().push(mail);
                match manner {
                    Manner::AnswersData(answer) => answer,
                    Manner::HangsUp => return None,
                    _ => "250 queued as 4711",
                }
            }
            "QUIT" => return None,
            _ => "250 ok",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}

async fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then_some(line)
}

fn smtp(server: &Server) -> Smtp {
    Smtp::new(&server.url, "The Shop <shop@shop.example>").unwrap().with_timeout(Duration::from_secs(5))
}

#[tokio::test]
async fn a_mail_is_taken_with_all_that_belongs_to_it() {
    let server = serve(Manner::Accepts).await;
    let delivery = delivery();
    let receipt = smtp(&server).deliver(&delivery).await.unwrap();
    assert!(!receipt.delivered, "it is on its way");
    assert_eq!(receipt.reference.as_deref(), Some("queued as 4711"));
    let mail = server.mails.lock().unwrap().remove(0);
    for header in [
        "From: \"The Shop\" <shop@shop.example>\r\n".to_owned(),
        "To: ada@example.com\r\n".to_owned(),
        "Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n".to_owned(),
        "Date: Thu, 01 Jan 2026 12:00:00 +0000\r\n".to_owned(),
        format!("Message-ID: <{}@shop.example>\r\n", delivery.notification_id),
        "Auto-Submitted: auto-generated\r\n".to_owned(),
        "Content-Type: text/plain; charset=utf-8\r\n".to_owned(),
    ] {
        assert!(mail.contains(&header), "{header} in {mail}");
    }
    assert!(mail.contains("\r\n\r\nHello Ada,\r\n\r\n..a line with a dot\r\n"), "{mail}");
}

#[tokio::test]
async fn an_attempt_again_is_the_same_mail() {
    let server = serve(Manner::Accepts).await;
    let smtp = smtp(&server);
    for attempt in [1, 2] {
        smtp.deliver(&Delivery { attempt, ..delivery() }).await.unwrap();
    }
    let mails = server.mails.lock().unwrap();
    assert_eq!((mails.len(), &mails[0]), (2, &mails[1]));
}

#[tokio::test]
async fn what_the_server_says_decides_whether_it_is_tried_again() {
    for (manner, code, kind) in [
        (Manner::AnswersRcpt("450 busy"), "smtp_450", Kind::Retryable),
        (Manner::AnswersRcpt("550 no such user"), "smtp_550", Kind::Terminal),
        (Manner::AnswersRcpt("530 log in first"), "smtp_530", Kind::Retryable),
        (Manner::AnswersData("452 disk full"), "smtp_452", Kind::Retryable),
        (Manner::AnswersData("554 spam"), "smtp_554", Kind::Terminal),
        (Manner::HangsUp, "smtp_unreachable", Kind::Retryable),
    ] {
        let server = serve(manner).await;
        let error = smtp(&server).deliver(&delivery()).await.unwrap_err();
        assert_eq!((error.code(), error.kind()), (code, kind), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    let server = serve(Manner::Silent).await;
    let smtp = smtp(&server).with_timeout(Duration::from_millis(200));
    let begun = Instant::now();
    let error = smtp.deliver(&delivery()).await.unwrap_err();
    assert_eq!((error.code(), error.kind()), ("smtp_timeout", Kind::Retryable));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Smtp::new(&url, "shop@shop.example").unwrap().deliver(&delivery()).await.unwrap_err();
    assert_eq!((error.code(), error.kind()), ("smtp_unreachable", Kind::Retryable));
}

#[tokio::test]
async fn an_address_that_the_server_cant_take_is_not_tried_again() {
    let server = serve(Manner::Accepts).await;
    let foreign = Delivery { recipient: "jörg@example.com".to_owned(), ..delivery() };
    let error = smtp(&server).deliver(&foreign).await.unwrap_err();
    assert_eq!((error.code(), error.kind()), ("smtp_address_unsupported", Kind::Terminal), "{error}");
    assert!(server.mails.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_server_without_the_encryption_that_is_asked_for_is_tried_again() {
    let server = serve(Manner::Accepts).await;
    let encrypted = Smtp::new(&format!("{}?tls=required", server.url), "shop@shop.example").unwrap();
    let error = encrypted.deliver(&delivery()).await.unwrap_err();
    assert_eq!((error.code(), error.kind()), ("smtp_unusable", Kind::Retryable), "{error}");
}

#[tokio::test]
async fn what_is_no_mail_is_refused_for_good() {
    let server = serve(Manner::Accepts).await;
    let sms = Delivery { channel: ChannelKind::Sms, recipient: "+442079460958".to_owned(), ..delivery() };
    assert_eq!(smtp(&server).deliver(&sms).await.unwrap_err().code(), "not_a_mail");
    let nowhere = Delivery { recipient: "nowhere".to_owned(), ..delivery() };
    assert_eq!(smtp(&server).deliver(&nowhere).await.unwrap_err().code(), "invalid_mail");
    assert!(server.mails.lock().unwrap().is_empty());
}

#[tokio::test]
async fn settings_that_cant_be_right_are_refused_and_no_password_is_shown() {
    let from = "shop@shop.example";
    let refused = |url, from| Smtp::new(url, from).err();
    assert_eq!(refused("http://localhost", from), Some(InvalidSmtp::Url));
    assert_eq!(refused("smtp://me:s3cret@mail.example.com", from), Some(InvalidSmtp::Unencrypted));
    assert_eq!(refused("smtp://localhost", "shop"), Some(InvalidSmtp::From));
    for url in ["smtps://me:s3cret@mail.example.com", "smtp://me:s3cret@mail.example.com:587?tls=required"] {
        let smtp = Smtp::new(url, from).unwrap();
        assert!(!format!("{smtp:?}").contains("s3cret"));
    }
}

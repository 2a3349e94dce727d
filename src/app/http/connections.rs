//! Connections: how many, how long, and how they end.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, getrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

/// The limits for strangers.
#[derive(Clone, Copy)]
pub(super) struct ConnectionLimits {
    /// Connections at a time; a new one waits until another has ended.
    connections: usize,
    /// How long the head of a request may take, from the moment when it may be sent.
    head: Duration,
    /// How long a reader may take nothing of an answer.
    still: Duration,
    /// How long a connection may be used at all: `log.txt` is long, and some lines are slow.
    whole: Duration,
}

/// The limits of the daemon, where it may have many files open.
const LIMITS: ConnectionLimits = ConnectionLimits {
    connections: 256,
    head: Duration::from_secs(15),
    still: Duration::from_secs(30),
    whole: Duration::from_secs(3600),
};

/// Open files that are not for readers: the database, the connections to X, the files that are being written.
const FILES_OF_OURS: u64 = 64;

/// Open files that one reader takes: its connection, and the file that it reads.
const FILES_OF_A_READER: u64 = 2;

impl ConnectionLimits {
    /// Fewer connections where this process may not have so many files open that all of them could be served.
    pub(super) fn of_this_process() -> ConnectionLimits {
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let connections = files.saturating_sub(FILES_OF_OURS) / FILES_OF_A_READER;
        let connections = usize::try_from(connections).unwrap_or(usize::MAX).clamp(1, LIMITS.connections);
        ConnectionLimits { connections, ..LIMITS }
    }
}

/// The largest head of a request, in bytes, and the most lines that it may have.
const HEAD_BYTES_MAX: usize = 16 << 10;
const HEAD_LINES_MAX: usize = 64;

/// How long an answer may still take when its connection is to end.
const GRACE: Duration = Duration::from_millis(300);

/// How long to wait when no connection can be accepted, for example when this program has too many files open.
const PAUSE: Duration = Duration::from_millis(100);

/// Answers until `shutdown` is cancelled, and then a moment more for requests that have begun.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    shutdown: CancellationToken,
) {
    let free = Arc::new(Semaphore::new(limits.connections));
    let connections = TaskTracker::new();
    let take_all = async {
        while let Ok(place) = free.clone().acquire_owned().await {
            let stream = accept(&listener).await;
            let talk = talk(stream, router.clone(), limits, shutdown.clone());
            connections.spawn(async move {
                talk.await;
                drop(place);
            });
        }
    };
    shutdown.run_until_cancelled(take_all).await;
    connections.close();
    connections.wait().await;
}

async fn accept(listener: &TcpListener) -> TcpStream {
    let mut trouble: Option<io::ErrorKind> = None;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                if trouble.replace(error.kind()) != Some(error.kind()) {
                    warn!(%error, "cannot take a connection");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Answers the requests of one connection.
async fn talk(stream: TcpStream, router: Router, limits: ConnectionLimits, shutdown: CancellationToken) {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.still));
    let stream = Box::pin(stream);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEAD_LINES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                debug!(%error, "a connection broke off");
            }
            return;
        }
        () = shutdown.cancelled() => {}
        () = tokio::time::sleep(limits.whole) => {}
    }
    connection.as_mut().graceful_shutdown();
    // An answer that takes longer is cut in the middle.
    let _ = tokio::time::timeout(GRACE, connection).await;
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    const SHORT: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_secs(60);
    const NONE: ConnectionLimits = ConnectionLimits { connections: 100, head: LONG, still: LONG, whole: LONG };

    struct Server {
        shutdown: CancellationToken,
        task: tokio::task::JoinHandle<()>,
    }

    /// A server of one long file, and where it listens.
    async fn open(limits: ConnectionLimits) -> (std::net::SocketAddr, Server) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), CancellationToken::new());
        let router = Router::new().route("/", get(async || Bytes::from(vec![b'a'; 64 << 20])));
        let router = router.route("/short", get(async || "short"));
        let task = tokio::spawn(serve(listener, router, limits, shutdown.clone()));
        (address, Server { shutdown, task })
    }

    /// Waits for the other side to end the connection, and returns what it sent until then.
    async fn until_it_ends(mut stream: TcpStream) -> String {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(LONG, stream.read_to_end(&mut bytes)).await;
        let _ = read.expect("it was not ended");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[tokio::test]
    async fn a_head_that_does_not_come_to_its_end_ends_the_connection() {
        let (address, _server) = open(ConnectionLimits { head: SHORT, ..NONE }).await;
        for begun in [&b""[..], b"GET / HT", b"GET / HTTP/1.1\r\nhost: a\r\n"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(begun).await.unwrap();
            assert!(!until_it_ends(stream).await.contains("200 OK"));
        }
        let mut idle = TcpStream::connect(address).await.unwrap();
        idle.write_all(b"GET /short HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        assert!(until_it_ends(idle).await.ends_with("short"), "answered once, then too long without a request");
    }

    #[tokio::test]
    async fn a_head_that_is_too_large_is_refused() {
        let (address, _server) = open(NONE).await;
        for lines in [format!("a: {}\r\n", "b".repeat(HEAD_BYTES_MAX)), "a: b\r\n".repeat(HEAD_LINES_MAX + 1)] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(format!("GET / HTTP/1.1\r\n{lines}\r\n").as_bytes()).await.unwrap();
            assert!(until_it_ends(stream).await.starts_with("HTTP/1.1 431 "));
        }
    }

    #[tokio::test]
    async fn a_reader_that_takes_nothing_loses_its_place_to_the_next() {
        let (address, _server) = open(ConnectionLimits { connections: 1, still: SHORT, ..NONE }).await;
        let mut still = TcpStream::connect(address).await.unwrap();
        still.write_all(REQUEST).await.unwrap();
        let mut next = TcpStream::connect(address).await.unwrap();
        next.write_all(b"GET /short HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
        assert!(until_it_ends(next).await.ends_with("short"));
        assert!(until_it_ends(still).await.len() < 64 << 20);
    }

    #[tokio::test]
    async fn whoever_comes_when_all_places_are_taken_waits() {
        let (address, _server) = open(ConnectionLimits { connections: 2, ..NONE }).await;
        let mut all = Vec::new();
        for _ in 0..3 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET /short HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
            all.push(stream);
        }
        let mut third = all.pop().unwrap();
        for stream in &mut all {
            stream.readable().await.unwrap();
        }
        assert!(tokio::time::timeout(SHORT, third.readable()).await.is_err(), "it was answered");
        drop(all);
        let mut byte = [0];
        tokio::time::timeout(LONG, third.read_exact(&mut byte)).await.expect("no place became free").unwrap();
    }

    #[tokio::test]
    async fn no_connection_is_used_for_ever() {
        let (address, _server) = open(ConnectionLimits { whole: SHORT, ..NONE }).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /short HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        assert!(until_it_ends(stream).await.ends_with("short"));
    }

    #[tokio::test]
    async fn told_to_stop_it_cuts_what_takes_too_long() {
        let (address, server) = open(NONE).await;
        let mut still = TcpStream::connect(address).await.unwrap();
        still.write_all(REQUEST).await.unwrap();
        still.readable().await.unwrap();
        server.shutdown.cancel();
        tokio::time::timeout(LONG, server.task).await.expect("it does not stop").unwrap();
        assert!(until_it_ends(still).await.len() < 64 << 20);
    }
}

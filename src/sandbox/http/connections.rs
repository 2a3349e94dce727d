//! Connections that can be cut: after an answer's first bytes, or before any.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

const UNCUT: u64 = u64::MAX;

/// Accepts connections that can be cut.
pub(super) struct Lines(pub(super) TcpListener);

/// A connection.
pub(super) struct Line {
    stream: TcpStream,
    scissors: ConnectionCutter,
}

/// Cuts the connection that a request came by.
#[derive(Clone)]
pub(super) struct ConnectionCutter(Arc<AtomicU64>);

impl ConnectionCutter {
    /// Lets `bytes` more through to the client, and then ends the connection.
    pub(super) fn cut_after(&self, bytes: u64) {
        self.0.store(bytes, Ordering::SeqCst);
    }

    /// Number of bytes that may still pass.
    fn left(&self) -> io::Result<u64> {
        match self.0.load(Ordering::SeqCst) {
            0 => Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut by a fault on demand")),
            left => Ok(left),
        }
    }

    fn passed(&self, bytes: usize) {
        let left = self.0.load(Ordering::SeqCst);
        if left != UNCUT {
            self.0.store(left.saturating_sub(bytes as u64), Ordering::SeqCst);
        }
    }
}

impl axum::serve::Listener for Lines {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        // The trait of the same name on the listener itself waits and tries again when the system is short of files.
        let (stream, address) = axum::serve::Listener::accept(&mut self.0).await;
        (Line { stream, scissors: ConnectionCutter(Arc::new(AtomicU64::new(UNCUT))) }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Lines>> for ConnectionCutter {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> ConnectionCutter {
        stream.io().scissors.clone()
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.scissors.left()?;
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let left = usize::try_from(self.scissors.left()?).unwrap_or(usize::MAX);
        let written = Pin::new(&mut self.stream).poll_write(cx, &bytes[..bytes.len().min(left)]);
        if let Poll::Ready(Ok(count)) = &written {
            self.scissors.passed(*count);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

//! What the operator says of handing out the public folder: `[serve]`.

use std::net::SocketAddr;

use crate::tasks::settings::kinds::Text;
use crate::tasks::settings::{nothing, settings, values};

settings! {
    /// The public folder over HTTP.
    ///
    /// Without this section the daemon listens on no port, and the folder is left to a web server.
    pub struct ServeSettings in "serve" {
        /// Where to listen: an IP address of this machine, and a port. It is plain HTTP/1.1 with the headers that belong to
        /// each file; for a public address let a web server with its certificate pass requests on to it
        /// (deploy/nginx.conf). At most 256 connections at a time.
        address: SocketAddr = nothing("127.0.0.1:8080"), Text(values::socket);
    }
}

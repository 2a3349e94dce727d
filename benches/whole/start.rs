//! The daemon as a process: how soon it is ready, and how much memory it holds while nothing happens.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use verbale::sandbox::Shared;
use verbale::sandbox::world::Call;

use crate::machine::{Row, Times};
use crate::place;

const STARTS: usize = 20;

/// After this time nothing is left of the start's or a note's work.
const SETTLED: Duration = Duration::from_secs(5);

/// The daemon, killed at the end.
struct Daemon(Child);

impl Daemon {
    fn start(config: &Path) -> anyhow::Result<Daemon> {
        let mut command = Command::new(place::PROGRAM);
        command.args(["run", "--config"]).arg(config);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Daemon(command.spawn().context("cannot start the daemon")?))
    }

    /// Its resident memory in MiB, where the system tells.
    fn resident(&self) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<f64>().ok()? / 1024.0)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// From the start of the process to the first connection that it makes to the platform over TLS: everything is loaded, the
/// log is checked. Nobody answers there.
fn to_connection(world: &Shared) -> anyhow::Result<(Times, Option<f64>)> {
    let folder = place::folder()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("https://{}", listener.local_addr()?);
    let config = place::install(&folder.path().join("notes"), world, &address, "60s")?;
    let (mut times, mut resident) = (Vec::new(), None);
    for last in (0..STARTS).rev() {
        let begun = Instant::now();
        let daemon = Daemon::start(&config)?;
        let connection = listener.accept()?;
        times.push(begun.elapsed());
        if last == 0 {
            std::thread::sleep(Duration::from_secs(1));
            resident = daemon.resident();
        }
        drop((daemon, connection));
        // The other loop may have connected too.
        listener.set_nonblocking(true)?;
        while listener.accept().is_ok() {}
        listener.set_nonblocking(false)?;
    }
    Ok((Times::of(times), resident))
}

/// From the start of the process to the first look at the messages, and the memory when it has sealed a note and settled.
async fn to_look(world: &Shared, address: &str) -> anyhow::Result<(Times, Option<f64>)> {
    let folder = place::folder()?;
    let config = place::install(&folder.path().join("notes"), world, address, "250ms")?;
    let mut times = Vec::new();
    let mut daemon = None;
    for _ in 0..STARTS {
        drop(daemon.take());
        let looks = world.with(|world, _| world.counts().of(Call::Messages));
        let begun = Instant::now();
        daemon = Some(Daemon::start(&config)?);
        world.until(|world| looks < world.counts().of(Call::Messages)).await;
        times.push(begun.elapsed());
    }
    let posts = world.with(|world, _| world.posts().count());
    place::send(world)?;
    world.until(|world| posts < world.posts().count()).await;
    tokio::time::sleep(SETTLED).await;
    Ok((Times::of(times), daemon.and_then(|daemon| daemon.resident())))
}

fn mib(resident: Option<f64>) -> String {
    resident.map_or_else(|| "not told by this system".to_owned(), |mib| format!("{mib:.1} MiB"))
}

/// Measures.
pub fn rows() -> anyhow::Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (world, address) = runtime.block_on(place::sandbox())?;
    let (looked, idle) = runtime.block_on(to_look(&world, &address))?;
    let (connected, with_roots) = to_connection(&world)?;
    let row = |work: &str, ours, target| Row { work: work.to_owned(), others: Vec::new(), ours, target };
    Ok(vec![
        row("`run`: start → first look at the messages (http)", looked.median(), "≤ 50 ms"),
        row("`run`: start → first connection (https, the system's root certificates)", connected.median(), "≤ 50 ms"),
        row("`run`: resident memory, idle after a note (http)", mib(idle), "≤ 20 MB"),
        row("`run`: resident memory with the root certificates (https)", mib(with_roots), "≤ 20 MB"),
    ])
}

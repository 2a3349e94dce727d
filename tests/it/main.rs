//! Tests of the whole: one binary, a folder a layer, a module a subject. A unit's own tests stand beside it in `src`.
//!
//! | where | what |
//! |---|---|
//! | `support` | all that tests share, and no test: `fixture` (a log, a proof), `harness` (all tasks on a clock that stands), `workbench` (one task), `process` and `installation` (the program as a process), `leak_harness`, `crash_platform`, `observer`, … |
//! | `arch` | which module may use which, and what only one module does |
//! | `formats` | what makes the vectors (`tests/vectors.rs` reads them), properties, other implementations, archives |
//! | `platform`, `tasks`, `site`, `cli` | the module of that name, from outside; what commands say: `tests/cmd` |
//! | `process` | the program as a process: killed, misconfigured, refused, searched for secrets |
//! | `adversary` | people who wish us ill; makes the tables of `TAMPERING.md` and `LEAKS.md` |
//! | `weather` | each trouble of the platform and of the machine, and what is sealed, told and posted meanwhile; makes the table of `WEATHER.md` |
//!
//! What two tests need goes into `support`, under a name that says what it is; a test takes nothing from another test.

mod support;

mod adversary;
mod arch;
mod cli;
mod formats;
mod platform;
mod process;
mod site;
mod store;
mod tasks;
mod weather;

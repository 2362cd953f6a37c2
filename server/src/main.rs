//! What does `entwine-relay` do with its command line? Everything else is in the library.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use entwine_server::app::{self, App};
use entwine_server::clock::Clock;
use entwine_server::config::{self, CommandLine, Config, RelayCommand};
use entwine_server::operator::tokens;
use entwine_server::{telemetry, welcome};

fn main() -> ExitCode {
    let variables = std::env::vars_os().collect::<BTreeMap<_, _>>();
    let CommandLine { command } = config::parse(std::env::args_os(), &variables).unwrap_or_else(|error| error.exit());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(run(command)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With everything that caused it, in one line.
            let _broken = writeln!(std::io::stderr(), "entwine-relay: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: RelayCommand) -> anyhow::Result<()> {
    match command {
        RelayCommand::Serve(args) => serve((*args).into()).await,
        RelayCommand::Config(args) => print(&Config::from(*args).to_string()),
        RelayCommand::Tokens { command } => print(&tokens::run(command, Clock::system().now()).await?),
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    if config.print_only {
        return print(&config.to_string());
    }
    telemetry::start(telemetry::parse_filter(&config.log)?, config.log_format);
    let public_urls = config.public_urls.clone();
    let app = App::build(config).await?;
    if let Some(token) = app.unused_token() {
        print(&welcome::token(token, &public_urls, app.address(), std::io::stdout().is_terminal()))?;
    }
    let stop = app::stop_signal()?;
    print(&welcome::listening(app.address()))?;
    app.run_until(stop).await?;
    Ok(())
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(())
}

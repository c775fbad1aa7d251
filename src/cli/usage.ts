const main = `Usage: proctor COMMAND [OPTIONS]

Runs processes here or on another machine; a process outlives the connection that started it.

Commands:
  serve     run an executor that orchestrators connect to
  run       run one command, here or on an executor
  environments
            tell which places to run things there are
  observe   watch what the commands of somebody else print
  inspect   open a recording of what processes, sessions and links did
  chart     print the statecharts that govern processes, sessions and links
  doctor    tell what works on this machine, what does not, and how to mend it

Options:
  --version    print the version
  --help       print this text; after a command: the text of that command
`;

const serve = `Usage: proctor serve [--listen ws://IP:PORT | stdio] [--journal DIR] [--inspect [PORT]] [--record FILE]
                     [--log-level LEVEL] [--otel]

Runs an executor until it gets SIGTERM or SIGINT; then it ends every process it started and exits 0.
The first line on stdout is the URL to connect to, and the only one.
There is no authentication: whoever reaches the address can run programs as this user.

Options:
  --listen ws://IP:PORT    a literal address and a port, 0 for any free one (default: ws://127.0.0.1:0)
  --listen stdio           one connection over stdin and stdout, a JSON message a line; ends with it
  --journal DIR            write sessions down in DIR, the output of processes included (readable by this user
                           alone), so that the next executor on DIR resumes them after a restart or a crash.
                           Processes do not survive it: their clients get the output and the exit code
  --inspect [PORT]         show everything live on a page on loopback; its URL is printed on stderr, and lets one browser
                           in. For one more send SIGUSR2: then another URL is printed. From another machine: ssh -L, with
                           the same port on both sides. Nothing can be changed there
  --inspect-control        the same, and let the page write to processes, signal and terminate them
  --record FILE            write down what happens, output included (the first MiB of each process), for
                           \`proctor inspect FILE\`; readable by this user alone
  --log-level LEVEL        write to stderr what happens: debug, info, warn or error (default: nothing). Connections, sessions,
                           processes and refusals; never arguments, variables, output, or whole session ids
  --log-format FORMAT      json, an object a line (default), or text
  --otel                   send traces and metrics by OTLP over HTTP to OTEL_EXPORTER_OTLP_ENDPOINT
                           (default: http://localhost:4318); needs the optional OpenTelemetry packages
  --help                   print this text
`;

const run = `Usage: proctor run [OPTIONS] [--] COMMAND [ARGUMENTS...]

Runs a command, streams its output, and exits with its exit code. Without --url and --env ID it runs in the default environment,
which is this machine unless environments.toml or CODEX_EXEC_SERVER_URL say otherwise; see \`proctor environments --help\`.
The command gets the core variables of the executor's environment (PATH, HOME, SHELL, USER, locale, temporary
directory) and those given with --env.

Options:
  --url URL    the executor to run on, as printed by \`proctor serve\`
  --env ID     the environment to run in, by its id, which has no =
  --environments FILE
               the file that says which environments there are (default: environments.toml in the home of Proctor)
  --cwd DIR    where to run; on an executor an absolute path (default: the present directory; elsewhere: /)
  --env K=V    set a variable; may be repeated
  --stdin      forward the local input to its end. An executor other than Proctor's cannot tell the command of the end:
               one that reads to the end of its input goes on waiting until it is interrupted
  --tty        run on a terminal, of the size of the local one; implies --stdin. The end of the local input is
               sent as Ctrl-D. On a Proctor executor the remote terminal follows the size of the local one
  --time-limit SECONDS
               end the command when it takes longer: its group gets SIGTERM, and SIGKILL two seconds later. The limit holds
               until the last of its output, also for what it leaves behind; only on Proctor's own executors
  --sandbox read-only | workspace-write
               confine the command and all its descendants: they read everything and change nothing, or only --cwd (not its
               .git, .agents and .codex), /tmp and TMPDIR; neither reaches the network. Where that cannot be enforced the
               command is not run
  --usage      say on stderr what the command used, once it has ended: processor time, its own and that of the
               descendants it waited for, and the most memory that one of them held. Proctor executors only
  --otel       send traces and metrics of the client by OTLP over HTTP, as with \`proctor serve\`; both make one trace
  --inspect    show the command and all that belongs to it on a page, whose URL is printed on stderr, while it runs
  --record FILE
               write down what happens, for \`proctor inspect FILE\`
  --observable print on stderr the line with which others can watch, and no more; needs --url, or --env ID of an environment
               at a URL, and a Proctor executor
  --help       print this text

A lost connection to an executor is a pause: proctor says so on stderr, resumes the session, and goes on where the output
stopped. Ctrl-C interrupts the command; a second one within two seconds kills it, and so does SIGTERM.

Exit codes:
  124    the time limit was over before the command had exited
  125    proctor itself failed, or the session could not be resumed; the reason is on stderr
  126    the program cannot be executed
  127    the program does not exist
  other  the command's own; 128 + N when signal N ended it
`;

const environments = `Usage: proctor environments [--environments FILE] [--check]

Tells which environments there are, the default first: id, kind, and where it is. What may be secret is not shown.

Options:
  --environments FILE    the file that says so (default: environments.toml in the home of Proctor)
  --check                connect to each, and tell whether it can be used
  --help                 print this text

The home of Proctor is PROCTOR_HOME, or .proctor in the user's home. Without a file there the variable CODEX_EXEC_SERVER_URL decides:
a websocket URL is the one environment, \`none\` means that there is none, and without it this machine is the environment \`local\`.

Exit codes:
  0    all is well
  1    the configuration is wrong, or with --check an environment cannot be used; the reason is told
`;

const observe = `Usage: proctor observe --url URL [--process ID] [KEY]

Shows what the processes of a session print, from the first byte that is still there, until the session is over. With more
than one each line begins with the name of its process; what ends, and what is lost, is told on stderr. Watching changes
nothing: a slow observer slows nobody down, and misses what the executor does not keep.

Options:
  --url URL       the executor, as printed by \`proctor serve\`
  --process ID    show this process only, and end with it
  --help          print this text

KEY is what \`proctor run --observable\` prints; the variable PROCTOR_OBSERVER_KEY can hold it instead.

Exit codes:
  0    the session is over, or the process of --process has closed
  1    the session could not be observed, or not any more; the reason is on stderr
`;

const inspect = `Usage: proctor inspect [--port PORT] FILE

Opens a recording on a page on loopback, until it gets SIGTERM or SIGINT. The URL is printed on stderr, and lets one browser
in; for one more send SIGUSR2. A recording is written by --record of \`proctor serve\` and \`proctor run\`, and by simulations
that fail. To watch an executor live start it with \`proctor serve --inspect\`.

Options:
  --port PORT    the port of the page (default: any free one)
  --help         print this text

Exit codes:
  1    the recording cannot be read; the reason is on stderr
`;

const chart = `Usage: proctor chart [MACHINE] [--format mermaid|json]

Prints the statechart of a machine, or of all of them, as they run.

Options:
  --format mermaid    a Mermaid state diagram (default); all of them: a Markdown page
  --format json       states and transitions as JSON; all of them: one object
  --help              print this text
`;

const doctor = `Usage: proctor doctor

Tries everything that Proctor needs on this machine, a line each. Exits 1 when something essential does not work.

Options:
  --help    print this text
`;

/** What \`--help\` prints, by command. */
export const usage = { main, serve, run, environments, observe, inspect, chart, doctor } as const;

//! What `--help` says.

pub(crate) const HELP: &str = "\
lightship-init: an init for containers; with a manifest also supervisor, health and tool loader

usage:
  lightship-init [options] [--] COMMAND ARGS…     run COMMAND as PID 1 should
  lightship-init [options]                        run the manifest's service
  lightship-init health [health options]          ask a running one how it is
  lightship-init ctl COMMAND [--socket SOCKET]    tell a running one what to do
  lightship-init wait TOOL…                       wait until tools are there
  lightship-init exec PROGRAM ARGS…               run a program, once its tool is there

Without a manifest it is a plain init: it opens no port, passes every signal on, collects
orphans, ends what is left when COMMAND has ended, and ends with COMMAND's code. Called tini or
dumb-init, it takes their options.

init options:
  -c, --single-child        signals are for COMMAND alone, and nothing else is ended with it
                            (default: they are for its process group)
      --session             COMMAND gets a session of its own
  -e, --map-exit CODE       end with 0 when COMMAND ends with CODE; may be repeated
  -r, --rewrite FROM:TO     pass on signal TO for FROM (numbers or names; TO 0 drops it);
                            may be repeated
  -p, --parent-death SIGNAL be sent SIGNAL when the parent ends
      --grace DURATION      the stop budget: what is left when COMMAND has ended has so long,
                            from the stop signal on, then it is killed (default: 8s)
      --stop-timeout DURATION
                            the same, and COMMAND itself is killed then; a second TERM kills at
                            once (with a manifest that is so anyway)
  -w, --warn-on-reap        say so when an orphan is collected
  -v, --verbose             say what starts and ends, and what signals come
  -g, --group; -s, --subreaper
                            what is so anyway, for those who know tini
  -l, --license; -h, --help; -V, --version

options:
  --manifest FILE    the manifest (default: /etc/lightship.toml, if it is there)
  --profile NAME     a built-in manifest: quickstart, loa
  --tool-dir DIR     where the tools are (LOA_TOOL_DIR; default: /data/tools)
  --listen ADDRESS   the health port, HOST:PORT (LOA_LISTEN; default with a manifest:
                     127.0.0.1:3000, without one: none)
  --loader PATH      the loader (default: lightship-loader beside this program)
  --events-fd N      every event as a line of JSON into the open descriptor N, a pipe; when
                     its reader is gone, everything is stopped

health options:
  --url URL          whom to ask (default: the port of the manifest or LOA_LISTEN)
  --socket SOCKET    the control socket instead, a path or @NAME: it tells everything
  --token TOKEN      what the health port wants to see for details (LOA_HEALTH_TOKEN)
  --ready | --live | --full
                     is the service ready, does PID 1 live, show everything
  --fail-on WORD     from which verdict on the answer is no: unhealthy (default), degraded
  --wait DURATION    ask again for so long, until the answer is yes (\"90s\", \"5m\")
  --format FORMAT    text (default) or json
  --manifest, --profile, --listen
                     as above, to find the port

wait and exec options (who waits for a tool has it loaded first):
  --timeout DURATION give up after that (LIGHTSHIP_WAIT; default: the manifest's, or 30m);
                     wait ends with 75 then, and with 1 when a tool failed
  --tool TOOL        exec: the tool that is needed, if it is not the one that has PROGRAM
  --format FORMAT    wait: text (default) or json, a line for each tool
  --socket SOCKET    as for ctl
  --manifest, --profile, --tool-dir, --listen
                     as above

ctl commands:
  promote TOOL       load this tool now, and what it requires
  retry TOOL         try a failed tool again
  reload             read the manifest again; a wrong one changes nothing
  stop               stop the service and end
  log TOOL           the last lines of what its installer printed (--lines N, default: 100)
  --socket SOCKET    the control socket, a path or @NAME (LOA_CONTROL; default: that of PID 1,
                     or what the health port says)
  --manifest, --profile, --listen
                     as above, to find the health port

exit codes:
  the service's own code, or 128+n when signal n ended it
    2  the command line is wrong
    3  the manifest is missing or wrong, or there is no service to run
   69  the health port is not to be had
   70  a failure of lightship itself
  126  the service was found but can't be executed
  127  the service was not found
  health: 0 for healthy, degraded, ready; 1 for anything else, also for no answer
  ctl: 0 when it was taken, 1 when not

examples:
  lightship-init -- node server.js
  lightship-init --stop-timeout 25s -r TERM:QUIT -- nginx -g 'daemon off;'
  lightship-init --manifest lightship.toml
  lightship-init health --wait 60s --ready
  lightship-init ctl retry ripgrep
";

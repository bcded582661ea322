# Completion of rarangi for fish: put this file into ~/.config/fish/completions or a
# vendor_completions.d. What stands between BEGIN and END is rendered from oclif.manifest.json.

# Whether the words so far are those of a command of ours, and none of one that it wraps.
function __rarangi_at
    set -l words (commandline -opc)
    contains -- -- $words; and return 1
    test "$words[2]" = "$argv[1]"
end

function __rarangi_begins
    test (count (commandline -opc)) -eq 1
end

function __rarangi_wraps
    contains -- -- (commandline -opc)
end

# Completes the words behind `--`, which are another command's.
function __rarangi_wrapped
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words)
    set -l wrapped (string escape -- $words[(math $at + 1)..-1])
    test $at -lt (count $words); or set wrapped
    complete -C "$wrapped $(commandline -ct)"
end

# Whether the NAME of a command is still to come; its flags that take a value are named, too.
function __rarangi_wants_name
    __rarangi_at $argv[1]; or return 1
    set -l words (commandline -opc)
    set -l flag 0
    for word in $words[3..-1]
        if test $flag = 1
            set flag 0
        else if contains -- $word $argv[2..-1]
            set flag 1
        else if not string match -q -- '-*' $word
            return 1
        end
    end
end

# Asks the servers that the words on the line mean, within half a second; silent when they are not.
function __rarangi_ask
    set -l asked
    set -l flag
    set -l words (commandline -opc)
    for word in $words[3..-1]
        if test -n "$flag"
            set -a asked $flag $word
            set flag
        else if contains -- $word $__rarangi_passed
            set flag $word
        else if contains -- (string split -m 1 = -- $word)[1] $__rarangi_passed
            set -a asked $word
        else if string match -qr -- '^-e.' $word
            set -a asked $word
        end
    end
    env $__rarangi_unset rarangi $argv $asked --timeout 500ms 2>/dev/null </dev/null
end

function __rarangi_hosts
    __rarangi_ask peers | cut -f 2
end

function __rarangi_split
    __rarangi_ask peers | awk -F '\t' '$5 == "split" { print $2 }'
end

function __rarangi_clusters
    __rarangi_ask peers | cut -f 3
end

complete -c rarangi -f
complete -c rarangi -n __rarangi_begins -s h -l help -d 'Show help.'
complete -c rarangi -n __rarangi_begins -s v -l version -d 'Show the version.'
complete -c rarangi -n __rarangi_wraps -a '(__rarangi_wrapped)'

# BEGIN TABLES
set -g __rarangi_passed -e --environment --secret-file --tls-cert --tls-key --tls-ca --server --cluster
set -g __rarangi_unset -u RARANGI_JSON -u RARANGI_LOOKUP_ALL -u RARANGI_LOOKUP_FORMAT -u RARANGI_LOOKUP_KILL_AFTER -u RARANGI_LOOKUP_LIVE -u RARANGI_LOOKUP_ONE -u RARANGI_LOOKUP_ON_CHANGE -u RARANGI_LOOKUP_TAG -u RARANGI_LOOKUP_WAIT -u RARANGI_LOOKUP_WATCH -u RARANGI_PEERS_ALL -u RARANGI_PEERS_CLUSTER -u RARANGI_PEERS_HOST -u RARANGI_PEERS_INTERVAL -u RARANGI_PEERS_STATE -u RARANGI_PEERS_WATCH -u RARANGI_TIMEOUT

complete -c rarangi -n __rarangi_begins -a explain -d 'Explain a service, a host or an instance in a few sentences.'
complete -c rarangi -n '__rarangi_wants_name explain -e --environment --secret-file --tls-cert --tls-key --tls-ca --server --timeout' -a '(__rarangi_ask lookup) (__rarangi_hosts)'
complete -c rarangi -n '__rarangi_at explain' -s e -l environment -x -a 'production staging testing development' -d 'The environment: production, staging, testing, development, or one of your own.'
complete -c rarangi -n '__rarangi_at explain' -l secret-file -r -F -d 'A file with the secret of the environment; with it TCP is TLS.'
complete -c rarangi -n '__rarangi_at explain' -l tls-cert -r -F -d 'A file with a certificate that names the environment, in PEM; it replaces a secret.'
complete -c rarangi -n '__rarangi_at explain' -l tls-key -r -F -d 'A file with the key of that certificate, in PEM.'
complete -c rarangi -n '__rarangi_at explain' -l tls-ca -r -F -d 'A file with the certificates of the CAs that may issue certificates, in PEM.'
complete -c rarangi -n '__rarangi_at explain' -l server -r -F -d 'A server to use instead of those of this host; a word with a / is the path of its UNIX socket.'
complete -c rarangi -n '__rarangi_at explain' -l timeout -x -d 'How long the whole answer may take.'
complete -c rarangi -n '__rarangi_at explain' -l json -d 'Print one JSON object, for a failure too.'
complete -c rarangi -n '__rarangi_at explain' -s h -l help -d 'Show help.'

complete -c rarangi -n __rarangi_begins -a history -d 'Tell what happened to services and servers, when and why.'
complete -c rarangi -n '__rarangi_wants_name history -e --environment --secret-file --tls-cert --tls-key --tls-ca --server --timeout --host --instance --since --limit' -a '(__rarangi_ask lookup)'
complete -c rarangi -n '__rarangi_at history' -s e -l environment -x -a 'production staging testing development' -d 'The environment: production, staging, testing, development, or one of your own.'
complete -c rarangi -n '__rarangi_at history' -l secret-file -r -F -d 'A file with the secret of the environment; with it TCP is TLS.'
complete -c rarangi -n '__rarangi_at history' -l tls-cert -r -F -d 'A file with a certificate that names the environment, in PEM; it replaces a secret.'
complete -c rarangi -n '__rarangi_at history' -l tls-key -r -F -d 'A file with the key of that certificate, in PEM.'
complete -c rarangi -n '__rarangi_at history' -l tls-ca -r -F -d 'A file with the certificates of the CAs that may issue certificates, in PEM.'
complete -c rarangi -n '__rarangi_at history' -l server -r -F -d 'A server to use instead of those of this host; a word with a / is the path of its UNIX socket.'
complete -c rarangi -n '__rarangi_at history' -l timeout -x -d 'How long the whole answer may take.'
complete -c rarangi -n '__rarangi_at history' -l json -d 'Print one JSON object, for a failure too.'
complete -c rarangi -n '__rarangi_at history' -l host -x -a '(__rarangi_hosts)' -d 'Only what happened on this host.'
complete -c rarangi -n '__rarangi_at history' -l instance -x -d 'Only what happened to the instance of this id.'
complete -c rarangi -n '__rarangi_at history' -l since -x -d 'Nothing older than this.'
complete -c rarangi -n '__rarangi_at history' -l limit -x -d 'How many events at most: the newest ones.'
complete -c rarangi -n '__rarangi_at history' -l follow -d 'Then print every further event when it happens; with --json each as a line.'
complete -c rarangi -n '__rarangi_at history' -s h -l help -d 'Show help.'

complete -c rarangi -n __rarangi_begins -a lookup -d 'Print the addresses of a service, nearest first.'
complete -c rarangi -n '__rarangi_wants_name lookup -e --environment --secret-file --tls-cert --tls-key --tls-ca --server --timeout --tag --cluster --format --wait --on-change --kill-after' -a '(__rarangi_ask lookup)'
complete -c rarangi -n '__rarangi_at lookup' -s e -l environment -x -a 'production staging testing development' -d 'The environment: production, staging, testing, development, or one of your own.'
complete -c rarangi -n '__rarangi_at lookup' -l secret-file -r -F -d 'A file with the secret of the environment; with it TCP is TLS.'
complete -c rarangi -n '__rarangi_at lookup' -l tls-cert -r -F -d 'A file with a certificate that names the environment, in PEM; it replaces a secret.'
complete -c rarangi -n '__rarangi_at lookup' -l tls-key -r -F -d 'A file with the key of that certificate, in PEM.'
complete -c rarangi -n '__rarangi_at lookup' -l tls-ca -r -F -d 'A file with the certificates of the CAs that may issue certificates, in PEM.'
complete -c rarangi -n '__rarangi_at lookup' -l server -r -F -d 'A server to use instead of those of this host; a word with a / is the path of its UNIX socket.'
complete -c rarangi -n '__rarangi_at lookup' -l timeout -x -d 'How long the whole answer may take.'
complete -c rarangi -n '__rarangi_at lookup' -l json -d 'Print one JSON object, for a failure too.'
complete -c rarangi -n '__rarangi_at lookup' -l one -d 'Only the first instance; with a pattern, the first of each service.'
complete -c rarangi -n '__rarangi_at lookup' -l all -d 'Stale instances too, after the live ones.'
complete -c rarangi -n '__rarangi_at lookup' -l live -d 'Never stale instances.'
complete -c rarangi -n '__rarangi_at lookup' -l tag -x -d 'Only instances with this tag.'
complete -c rarangi -n '__rarangi_at lookup' -l cluster -x -a '(__rarangi_clusters)' -d 'Only instances in this cluster.'
complete -c rarangi -n '__rarangi_at lookup' -l format -x -a 'hostport host port uri env json' -d 'What to print of each instance; env prints shell variables of the first one.'
complete -c rarangi -n '__rarangi_at lookup' -l wait -x -d 'Wait this long for a live instance, and for a server.'
complete -c rarangi -n '__rarangi_at lookup' -l watch -d 'Print what is there, then every change, each as a line of JSON.'
complete -c rarangi -n '__rarangi_at lookup' -l on-change -x -a 'restart HUP INT TERM USR1 USR2' -d 'With --watch and a command: start the command anew at a change, or send it a signal.'
complete -c rarangi -n '__rarangi_at lookup' -l kill-after -x -d 'With --on-change restart: how long after SIGTERM the command is killed; 0 for never.'
complete -c rarangi -n '__rarangi_at lookup' -s h -l help -d 'Show help.'

complete -c rarangi -n __rarangi_begins -a peers -d 'List the servers of the environment.'
complete -c rarangi -n '__rarangi_at peers' -s e -l environment -x -a 'production staging testing development' -d 'The environment: production, staging, testing, development, or one of your own.'
complete -c rarangi -n '__rarangi_at peers' -l secret-file -r -F -d 'A file with the secret of the environment; with it TCP is TLS.'
complete -c rarangi -n '__rarangi_at peers' -l tls-cert -r -F -d 'A file with a certificate that names the environment, in PEM; it replaces a secret.'
complete -c rarangi -n '__rarangi_at peers' -l tls-key -r -F -d 'A file with the key of that certificate, in PEM.'
complete -c rarangi -n '__rarangi_at peers' -l tls-ca -r -F -d 'A file with the certificates of the CAs that may issue certificates, in PEM.'
complete -c rarangi -n '__rarangi_at peers' -l server -r -F -d 'A server to use instead of those of this host; a word with a / is the path of its UNIX socket.'
complete -c rarangi -n '__rarangi_at peers' -l timeout -x -d 'How long the whole answer may take.'
complete -c rarangi -n '__rarangi_at peers' -l json -d 'Print one JSON object, for a failure too.'
complete -c rarangi -n '__rarangi_at peers' -l forget -x -a '(__rarangi_split)' -d 'At every server: drop the servers of a host that is split off, or stop waiting for it.'
complete -c rarangi -n '__rarangi_at peers' -l all -d 'Also list servers that left, crashed or were forgotten within the split hold.'
complete -c rarangi -n '__rarangi_at peers' -l host -x -a '(__rarangi_hosts)' -d 'Only servers of this host.'
complete -c rarangi -n '__rarangi_at peers' -l cluster -x -a '(__rarangi_clusters)' -d 'Only servers in this cluster.'
complete -c rarangi -n '__rarangi_at peers' -l state -x -a 'reachable suspect split left crashed forgotten' -d 'Only servers in this state; each of the last three implies --all.'
complete -c rarangi -n '__rarangi_at peers' -l watch -d 'Keep running: on a terminal, show one page until q; elsewhere, print again at every change.'
complete -c rarangi -n '__rarangi_at peers' -l interval -x -d 'With --watch: how often to ask.'
complete -c rarangi -n '__rarangi_at peers' -s h -l help -d 'Show help.'

complete -c rarangi -n __rarangi_begins -a register -d 'Register services, alone or around the command that runs them.'
complete -c rarangi -n '__rarangi_at register' -s e -l environment -x -a 'production staging testing development' -d 'The environment: production, staging, testing, development, or one of your own.'
complete -c rarangi -n '__rarangi_at register' -l secret-file -r -F -d 'A file with the secret of the environment; with it TCP is TLS.'
complete -c rarangi -n '__rarangi_at register' -l tls-cert -r -F -d 'A file with a certificate that names the environment, in PEM; it replaces a secret.'
complete -c rarangi -n '__rarangi_at register' -l tls-key -r -F -d 'A file with the key of that certificate, in PEM.'
complete -c rarangi -n '__rarangi_at register' -l tls-ca -r -F -d 'A file with the certificates of the CAs that may issue certificates, in PEM.'
complete -c rarangi -n '__rarangi_at register' -l server -r -F -d 'A server to use instead of those of this host; a word with a / is the path of its UNIX socket.'
complete -c rarangi -n '__rarangi_at register' -l timeout -x -d 'How long the whole answer may take.'
complete -c rarangi -n '__rarangi_at register' -l name -x -a '(__rarangi_ask lookup)' -d 'The name of the service.'
complete -c rarangi -n '__rarangi_at register' -l port -x -d 'The port of the service; required with --name. 0 chooses a free one and tells it to the command: as {port} in its words and as PORT in its environment.'
complete -c rarangi -n '__rarangi_at register' -l address -x -d 'The address that clients get; by default the one that the server advertises.'
complete -c rarangi -n '__rarangi_at register' -l tag -x -d 'A tag of the instance.'
complete -c rarangi -n '__rarangi_at register' -l scheme -x -d 'The scheme of the URI of the service.'
complete -c rarangi -n '__rarangi_at register' -l service -x -a 'name=' -d 'A service in one word: name=NAME,port=PORT and, as needed, address=, scheme=, ready=, check= and tag.KEY=.'
complete -c rarangi -n '__rarangi_at register' -l file -r -F -d 'A JSON file with services.'
complete -c rarangi -n '__rarangi_at register' -l ready -x -a 'tcp none http:// exec:' -d 'The probe that must succeed before the service is registered: tcp, none, http://HOST:PORT/PATH or exec:COMMAND.'
complete -c rarangi -n '__rarangi_at register' -l ready-timeout -x -d 'How long a service may take to be ready; after that the sidecar ends the command and itself.'
complete -c rarangi -n '__rarangi_at register' -l check -x -a 'tcp none http:// exec:' -d 'A probe of a service that is ready, written as for --ready.'
complete -c rarangi -n '__rarangi_at register' -l check-interval -x -d 'The time between two checks; one check may take as long.'
complete -c rarangi -n '__rarangi_at register' -l check-rise -x -d 'How many good checks in a row make the service healthy again.'
complete -c rarangi -n '__rarangi_at register' -l check-fall -x -d 'How many bad checks in a row make the service unhealthy.'
complete -c rarangi -n '__rarangi_at register' -l drain -x -d 'On SIGTERM: how long the command runs on after its registration is given up.'
complete -c rarangi -n '__rarangi_at register' -l kill-after -x -d 'How long after the signal the command is killed; 0 for never.'
complete -c rarangi -n '__rarangi_at register' -l kill-group -x -a 'yes no' -d 'Whether processes that the command leaves behind are ended, too.'
complete -c rarangi -n '__rarangi_at register' -l log-format -x -a 'pretty json' -d 'How the lines on stderr look.'
complete -c rarangi -n '__rarangi_at register' -s h -l help -d 'Show help.'

complete -c rarangi -n __rarangi_begins -a secret -d 'Print a new secret for an environment.'
complete -c rarangi -n '__rarangi_at secret' -l write -r -F -d 'Write the secret to a new file, of mode 0600, instead of printing it.'
complete -c rarangi -n '__rarangi_at secret' -l token -r -F -d 'Print the tokens for reading by HTTP that belong to the secrets in this file.'
complete -c rarangi -n '__rarangi_at secret' -s h -l help -d 'Show help.'

complete -c rarangi -n __rarangi_begins -a serve -d 'Run a catalogue server of this host.'
complete -c rarangi -n '__rarangi_at serve' -s e -l environment -x -a 'production staging testing development' -d 'The environment: production, staging, testing, development, or one of your own.'
complete -c rarangi -n '__rarangi_at serve' -l secret-file -r -F -d 'A file with the secret of the environment; with it TCP is TLS.'
complete -c rarangi -n '__rarangi_at serve' -l tls-cert -r -F -d 'A file with a certificate that names the environment, in PEM; it replaces a secret.'
complete -c rarangi -n '__rarangi_at serve' -l tls-key -r -F -d 'A file with the key of that certificate, in PEM.'
complete -c rarangi -n '__rarangi_at serve' -l tls-ca -r -F -d 'A file with the certificates of the CAs that may issue certificates, in PEM.'
complete -c rarangi -n '__rarangi_at serve' -l cluster -x -a '(__rarangi_clusters)' -d 'The group of nearby hosts that this host belongs to.'
complete -c rarangi -n '__rarangi_at serve' -l bind -x -d 'Where to listen.'
complete -c rarangi -n '__rarangi_at serve' -l advertise -x -d 'Where others reach this server; required when --bind is a wildcard.'
complete -c rarangi -n '__rarangi_at serve' -l peer -x -d 'A server to ask first for all others.'
complete -c rarangi -n '__rarangi_at serve' -l master -d 'Let others link to this server; masters link to all masters.'
complete -c rarangi -n '__rarangi_at serve' -l name -x -d 'The name of this server; by default HOST-a or HOST-b.'
complete -c rarangi -n '__rarangi_at serve' -l host -x -d 'The name of this host.'
complete -c rarangi -n '__rarangi_at serve' -l socket -r -F -a 'none' -d 'The UNIX socket to listen on as well.'
complete -c rarangi -n '__rarangi_at serve' -l socket-mode -x -d 'Who may connect to the socket, in octal; 0666 by default: all users.'
complete -c rarangi -n '__rarangi_at serve' -l socket-group -x -d 'The group of the socket, by name or number.'
complete -c rarangi -n '__rarangi_at serve' -l insecure -d 'Listen on more than loopback without a secret.'
complete -c rarangi -n '__rarangi_at serve' -l heartbeat -x -d 'How often a link carries a sign of life: 50ms to 10s, the same on all servers.'
complete -c rarangi -n '__rarangi_at serve' -l silence -x -d 'After how much silence a link is lost: two heartbeats to 30s.'
complete -c rarangi -n '__rarangi_at serve' -l grace -x -d 'How long the instances of a suspect server are still answered as live.'
complete -c rarangi -n '__rarangi_at serve' -l split-hold -x -d 'How long the instances of a split server are kept as stale.'
complete -c rarangi -n '__rarangi_at serve' -l max-connections -x -d 'How many connections of clients this server accepts at most.'
complete -c rarangi -n '__rarangi_at serve' -l max-connections-per-address -x -d 'How many connections of one address it accepts at most; the UNIX socket counts as one address.'
complete -c rarangi -n '__rarangi_at serve' -l max-registrations -x -d 'How many registrations all clients of this server may hold together.'
complete -c rarangi -n '__rarangi_at serve' -l max-bytes -x -d 'How many bytes the registrations and watches of all clients may take on the wire together.'
complete -c rarangi -n '__rarangi_at serve' -l history -x -d 'How many events the server remembers; 0 for none.'
complete -c rarangi -n '__rarangi_at serve' -l http -x -d 'Where HTTP listens; by default on loopback, if all users may use the UNIX socket.'
complete -c rarangi -n '__rarangi_at serve' -l http-cert -r -F -d 'The certificate of HTTP beyond loopback, in PEM; by default --tls-cert.'
complete -c rarangi -n '__rarangi_at serve' -l http-key -r -F -d 'The key of that certificate; by default --tls-key.'
complete -c rarangi -n '__rarangi_at serve' -l http-token-file -r -F -d 'A file with tokens for HTTP beyond loopback, in addition to those made of the secret.'
complete -c rarangi -n '__rarangi_at serve' -l http-name -x -d 'A further name by which HTTP clients may call this server.'
complete -c rarangi -n '__rarangi_at serve' -l http-origin -x -d 'A web origin whose pages may read over HTTP.'
complete -c rarangi -n '__rarangi_at serve' -l http-insecure -d 'Speak HTTP without TLS beyond loopback, even if there are certificates.'
complete -c rarangi -n '__rarangi_at serve' -l dns -x -d 'Where DNS listens; by default on loopback, if all users may use the UNIX socket.'
complete -c rarangi -n '__rarangi_at serve' -l dns-from -x -d 'Networks that may ask DNS beyond loopback, with commas between; or any.'
complete -c rarangi -n '__rarangi_at serve' -l dns-zone -x -d 'The zone of DNS; by default ENVIRONMENT.rarangi.internal.'
complete -c rarangi -n '__rarangi_at serve' -l dns-ttl -x -d 'The TTL of the names that exist in DNS, from 0s to 60s; by default 0s.'
complete -c rarangi -n '__rarangi_at serve' -l doors -x -a 'none' -d 'Open neither HTTP nor DNS.'
complete -c rarangi -n '__rarangi_at serve' -l log-format -x -a 'pretty json' -d 'How the lines on stderr look.'
complete -c rarangi -n '__rarangi_at serve' -s h -l help -d 'Show help.'

complete -c rarangi -n __rarangi_begins -a status -d 'Show the state of the server of this host, and what it sees.'
complete -c rarangi -n '__rarangi_at status' -s e -l environment -x -a 'production staging testing development' -d 'The environment: production, staging, testing, development, or one of your own.'
complete -c rarangi -n '__rarangi_at status' -l secret-file -r -F -d 'A file with the secret of the environment; with it TCP is TLS.'
complete -c rarangi -n '__rarangi_at status' -l tls-cert -r -F -d 'A file with a certificate that names the environment, in PEM; it replaces a secret.'
complete -c rarangi -n '__rarangi_at status' -l tls-key -r -F -d 'A file with the key of that certificate, in PEM.'
complete -c rarangi -n '__rarangi_at status' -l tls-ca -r -F -d 'A file with the certificates of the CAs that may issue certificates, in PEM.'
complete -c rarangi -n '__rarangi_at status' -l server -r -F -d 'A server to use instead of those of this host; a word with a / is the path of its UNIX socket.'
complete -c rarangi -n '__rarangi_at status' -l timeout -x -d 'How long the whole answer may take.'
complete -c rarangi -n '__rarangi_at status' -l json -d 'Print one JSON object, for a failure too.'
complete -c rarangi -n '__rarangi_at status' -l wait -x -d 'Wait this long until all is healthy and the view is complete; else exit 6.'
complete -c rarangi -n '__rarangi_at status' -l watch -d 'Keep running: on a terminal, show one page until q; elsewhere, print again at every change.'
complete -c rarangi -n '__rarangi_at status' -l interval -x -d 'With --watch: how often to ask.'
complete -c rarangi -n '__rarangi_at status' -s h -l help -d 'Show help.'
# END TABLES

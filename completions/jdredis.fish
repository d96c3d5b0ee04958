# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_jdredis_global_optspecs
    string join \n o/output= profile= endpoint= timeout= max-attempts= color= q/quiet v/verbose h/help V/version
end

function __fish_jdredis_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_jdredis_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_jdredis_using_subcommand
    set -l cmd (__fish_jdredis_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c jdredis -n "__fish_jdredis_needs_command" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'All there is, for programs'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_needs_command" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_needs_command" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_needs_command" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_needs_command" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_needs_command" -l color -d 'When to use colours; beats NO_COLOR and TERM' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb or unset'
always\t'Everywhere, whatever the environment says'
never\t'Nowhere'"
complete -c jdredis -n "__fish_jdredis_needs_command" -s q -l quiet -d 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
complete -c jdredis -n "__fish_jdredis_needs_command" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_needs_command" -s V -l version -d 'Print version'
complete -c jdredis -n "__fish_jdredis_needs_command" -f -a "archive" -d 'Keep the backups of all instances in a folder, and look at what is there'
complete -c jdredis -n "__fish_jdredis_needs_command" -f -a "backup" -d 'Work with the backups of an instance'
complete -c jdredis -n "__fish_jdredis_needs_command" -f -a "doctor" -d 'Check what the program needs and believes, with reads only, for a report'
complete -c jdredis -n "__fish_jdredis_needs_command" -f -a "instance" -d 'Work with instances'
complete -c jdredis -n "__fish_jdredis_needs_command" -f -a "completions" -d 'Print a shell\'s completion script'
complete -c jdredis -n "__fish_jdredis_needs_command" -f -a "formats" -d 'Describe the output of every command, the errors and the exit codes'
complete -c jdredis -n "__fish_jdredis_needs_command" -f -a "man" -d 'Print the manual page (roff)'
complete -c jdredis -n "__fish_jdredis_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and not __fish_seen_subcommand_from sync status help" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'All there is, for programs'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and not __fish_seen_subcommand_from sync status help" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and not __fish_seen_subcommand_from sync status help" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and not __fish_seen_subcommand_from sync status help" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and not __fish_seen_subcommand_from sync status help" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and not __fish_seen_subcommand_from sync status help" -l color -d 'When to use colours; beats NO_COLOR and TERM' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb or unset'
always\t'Everywhere, whatever the environment says'
never\t'Nowhere'"
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and not __fish_seen_subcommand_from sync status help" -s q -l quiet -d 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and not __fish_seen_subcommand_from sync status help" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and not __fish_seen_subcommand_from sync status help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and not __fish_seen_subcommand_from sync status help" -f -a "sync" -d 'Fetch every backup that the service has and the archive has not, of all instances'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and not __fish_seen_subcommand_from sync status help" -f -a "status" -d 'Say what an archive holds of each instance, and how old it is'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and not __fish_seen_subcommand_from sync status help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -l region -d 'A region, which may be given several times, or \'all\' that Redis is offered in' -r -f -a "cn-north-1\t'华北-北京'
cn-south-1\t'华南-广州'
cn-east-2\t'华东-上海'
cn-east-1\t'华东-宿迁'
all\t'all that Redis is offered in'"
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -l instance -d 'Only this instance; may be given several times' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -l exclude -d 'Leave out instances of this ID, or whose ID or name fits a pattern with * and ?' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -l tag -d 'Only instances with this tag; several values of one key are alternatives' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -l newest -d 'Only the newest N backups of each instance' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -l max-age -d 'How old the newest backup of an instance may be, such as 36h, 8d or 2w; or none' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -l parallel -d 'How many connections are open at once, over all files' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -l limit-rate -d 'At most so many bytes a second over all connections, such as 50M (K, M, G: powers of 1024)' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'All there is, for programs'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -l color -d 'When to use colours; beats NO_COLOR and TERM' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb or unset'
always\t'Everywhere, whatever the environment says'
never\t'Nowhere'"
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -l dry-run -d 'Say what is new and whether it fits, and fetch nothing'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -l internal -d 'Fetch over JD Cloud\'s own network; for one region only'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -l http -d 'Fetch http links as the service writes them, unencrypted'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -l accept-unverified -d 'Count backups as good whose files are no RDB files'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -s q -l quiet -d 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from sync" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from status" -l max-age -d 'How old the newest backup of an instance may be, such as 36h, 8d or 2w; or none' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from status" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'All there is, for programs'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from status" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from status" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from status" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from status" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from status" -l color -d 'When to use colours; beats NO_COLOR and TERM' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb or unset'
always\t'Everywhere, whatever the environment says'
never\t'Nowhere'"
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from status" -l accept-unverified -d 'Count backups as good whose files are no RDB files'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from help" -f -a "sync" -d 'Fetch every backup that the service has and the archive has not, of all instances'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from help" -f -a "status" -d 'Say what an archive holds of each instance, and how old it is'
complete -c jdredis -n "__fish_jdredis_using_subcommand archive; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from download verify list url create policy help" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'All there is, for programs'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from download verify list url create policy help" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from download verify list url create policy help" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from download verify list url create policy help" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from download verify list url create policy help" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from download verify list url create policy help" -l color -d 'When to use colours; beats NO_COLOR and TERM' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb or unset'
always\t'Everywhere, whatever the environment says'
never\t'Nowhere'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from download verify list url create policy help" -s q -l quiet -d 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from download verify list url create policy help" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from download verify list url create policy help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from download verify list url create policy help" -f -a "download" -d 'Fetch the files of a backup, whole and verified'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from download verify list url create policy help" -f -a "verify" -d 'Check whether files are whole RDB files'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from download verify list url create policy help" -f -a "list" -d 'List the backups of an instance, newest first'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from download verify list url create policy help" -f -a "url" -d 'Print the temporary download links of a backup'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from download verify list url create policy help" -f -a "create" -d 'Start a backup and print its base ID'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from download verify list url create policy help" -f -a "policy" -d 'Look at and change the schedule of automatic backups'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from download verify list url create policy help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'All there is, for programs'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -l color -d 'When to use colours; beats NO_COLOR and TERM' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb or unset'
always\t'Everywhere, whatever the environment says'
never\t'Nowhere'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -l region -d 'The region; one that is not listed is accepted' -r -f -a "cn-north-1\t'华北-北京'
cn-south-1\t'华南-广州'
cn-east-2\t'华东-上海'
cn-east-1\t'华东-宿迁'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -l instance -d 'The instance\'s ID' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -l base-id -d 'The backup\'s base ID; this or --latest is required' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -l max-age -d 'With --latest: fail with exit code 8 where that backup began longer ago, such as 36h, 8d or 2w' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -l dir -d 'The folder for the files; made where it is not there [default: this one]' -r -f -a "(__fish_complete_directories)"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -l node -d 'Only this node\'s file, such as "node 0"; may be given several times' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -l parallel -d 'How many connections there are at once, over all files' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -l limit-rate -d 'At most so many bytes a second over all connections, such as 50M (K, M, G: powers of 1024)' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -s q -l quiet -d 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -l latest -d 'The newest backup that succeeded, in place of --base-id'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -l internal -d 'Fetch the links for use inside JD Cloud\'s own network'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -l force -d 'Replace files that are there, once the new ones are whole'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -l http -d 'Fetch http links as the service writes them, unencrypted'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from download" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from verify" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'All there is, for programs'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from verify" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from verify" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from verify" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from verify" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from verify" -l color -d 'When to use colours; beats NO_COLOR and TERM' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb or unset'
always\t'Everywhere, whatever the environment says'
never\t'Nowhere'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from list" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'All there is, for programs'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from list" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from list" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from list" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from list" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from list" -l color -d 'When to use colours; beats NO_COLOR and TERM' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb or unset'
always\t'Everywhere, whatever the environment says'
never\t'Nowhere'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from list" -l region -d 'The region; one that is not listed is accepted' -r -f -a "cn-north-1\t'华北-北京'
cn-south-1\t'华南-广州'
cn-east-2\t'华东-上海'
cn-east-1\t'华东-宿迁'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from list" -l instance -d 'The instance\'s ID' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from list" -l since -d 'Only backups that started then or later' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from list" -l until -d 'Only backups that started then or earlier' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from list" -l status -d 'Only backups of this status' -r -f -a "success\t'Complete; its files can be fetched'
running\t'Still being made'
failed\t'Ended without files'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from list" -l type -d 'Only backups made by the schedule, or on request' -r -f -a "auto\t'Made by the instance\'s schedule'
manual\t'Made on request'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from list" -l limit -d 'At most so many, the newest' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'All there is, for programs'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l color -d 'When to use colours; beats NO_COLOR and TERM' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb or unset'
always\t'Everywhere, whatever the environment says'
never\t'Nowhere'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l region -d 'The region; one that is not listed is accepted' -r -f -a "cn-north-1\t'华北-北京'
cn-south-1\t'华南-广州'
cn-east-2\t'华东-上海'
cn-east-1\t'华东-宿迁'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l instance -d 'The instance\'s ID' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l base-id -d 'The backup\'s base ID; this or --latest is required' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l max-age -d 'With --latest: fail with exit code 8 where that backup began longer ago, such as 36h, 8d or 2w' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -s q -l quiet -d 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l latest -d 'The newest backup that succeeded, in place of --base-id'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l internal -d 'Print the links for use inside JD Cloud\'s own network'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from create" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'All there is, for programs'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from create" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from create" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from create" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from create" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from create" -l color -d 'When to use colours; beats NO_COLOR and TERM' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb or unset'
always\t'Everywhere, whatever the environment says'
never\t'Nowhere'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from create" -l region -d 'The region; one that is not listed is accepted' -r -f -a "cn-north-1\t'华北-北京'
cn-south-1\t'华南-广州'
cn-east-2\t'华东-上海'
cn-east-1\t'华东-宿迁'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from create" -l instance -d 'The instance\'s ID' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from create" -l name -d 'The backup\'s name: letters, digits and \'_\', at most 32 [default: one with the time]' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from create" -l wait-timeout -d 'How long to wait, such as 90s, 30m or 2h' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from create" -l wait -d 'Wait until the backup has succeeded or failed'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from policy" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'All there is, for programs'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from policy" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from policy" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from policy" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from policy" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from policy" -l color -d 'When to use colours; beats NO_COLOR and TERM' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb or unset'
always\t'Everywhere, whatever the environment says'
never\t'Nowhere'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from policy" -s q -l quiet -d 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from policy" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from policy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from policy" -f -a "list" -d 'List the schedules of all instances: which instance has no automatic backup?'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from policy" -f -a "show" -d 'Show the schedule of an instance'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from policy" -f -a "set" -d 'Change the schedule of an instance, or turn it off'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from policy" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from help" -f -a "download" -d 'Fetch the files of a backup, whole and verified'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Check whether files are whole RDB files'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the backups of an instance, newest first'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from help" -f -a "url" -d 'Print the temporary download links of a backup'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from help" -f -a "create" -d 'Start a backup and print its base ID'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from help" -f -a "policy" -d 'Look at and change the schedule of automatic backups'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c jdredis -n "__fish_jdredis_using_subcommand doctor" -l region -d 'The region; one that is not listed is accepted' -r -f -a "cn-north-1\t'华北-北京'
cn-south-1\t'华南-广州'
cn-east-2\t'华东-上海'
cn-east-1\t'华东-宿迁'"
complete -c jdredis -n "__fish_jdredis_using_subcommand doctor" -l instance -d 'The instance to look at [default: the first running one that has a backup]' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand doctor" -l base-id -d 'The backup to look at [default: the newest one that succeeded]' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand doctor" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'All there is, for programs'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand doctor" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand doctor" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand doctor" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand doctor" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand doctor" -l color -d 'When to use colours; beats NO_COLOR and TERM' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb or unset'
always\t'Everywhere, whatever the environment says'
never\t'Nowhere'"
complete -c jdredis -n "__fish_jdredis_using_subcommand doctor" -l internal -d 'Look at the links for use inside JD Cloud\'s own network'
complete -c jdredis -n "__fish_jdredis_using_subcommand doctor" -l http -d 'Let the link be sent without encryption, to try the storage where https does not work'
complete -c jdredis -n "__fish_jdredis_using_subcommand doctor" -s q -l quiet -d 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
complete -c jdredis -n "__fish_jdredis_using_subcommand doctor" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and not __fish_seen_subcommand_from list help" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'All there is, for programs'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and not __fish_seen_subcommand_from list help" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and not __fish_seen_subcommand_from list help" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and not __fish_seen_subcommand_from list help" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and not __fish_seen_subcommand_from list help" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and not __fish_seen_subcommand_from list help" -l color -d 'When to use colours; beats NO_COLOR and TERM' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb or unset'
always\t'Everywhere, whatever the environment says'
never\t'Nowhere'"
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and not __fish_seen_subcommand_from list help" -s q -l quiet -d 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and not __fish_seen_subcommand_from list help" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and not __fish_seen_subcommand_from list help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and not __fish_seen_subcommand_from list help" -f -a "list" -d 'List the instances of a region'
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and not __fish_seen_subcommand_from list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and __fish_seen_subcommand_from list" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'All there is, for programs'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and __fish_seen_subcommand_from list" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and __fish_seen_subcommand_from list" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and __fish_seen_subcommand_from list" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and __fish_seen_subcommand_from list" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and __fish_seen_subcommand_from list" -l color -d 'When to use colours; beats NO_COLOR and TERM' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb or unset'
always\t'Everywhere, whatever the environment says'
never\t'Nowhere'"
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and __fish_seen_subcommand_from list" -l region -d 'The region; one that is not listed is accepted' -r -f -a "cn-north-1\t'华北-北京'
cn-south-1\t'华南-广州'
cn-east-2\t'华东-上海'
cn-east-1\t'华东-宿迁'"
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and __fish_seen_subcommand_from list" -l name -d 'Only instances whose name contains this' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and __fish_seen_subcommand_from list" -l status -d 'Only instances of this status, such as running; any that the service knows' -r -f -a "running\t'in use'
creating\t'being set up'
changing\t'its class or its number of shards is being changed'
configuring\t'its parameters are being changed'
restoring\t'a backup is being restored into it'
upgrading\t'its version is being changed'
deleting\t'being released'
error\t'out of order'"
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the instances of a region'
complete -c jdredis -n "__fish_jdredis_using_subcommand instance; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c jdredis -n "__fish_jdredis_using_subcommand completions" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'All there is, for programs'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand completions" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand completions" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand completions" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand completions" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand completions" -l color -d 'When to use colours; beats NO_COLOR and TERM' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb or unset'
always\t'Everywhere, whatever the environment says'
never\t'Nowhere'"
complete -c jdredis -n "__fish_jdredis_using_subcommand completions" -s q -l quiet -d 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
complete -c jdredis -n "__fish_jdredis_using_subcommand completions" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand formats" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'All there is, for programs'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand formats" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand formats" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand formats" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand formats" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand formats" -l color -d 'When to use colours; beats NO_COLOR and TERM' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb or unset'
always\t'Everywhere, whatever the environment says'
never\t'Nowhere'"
complete -c jdredis -n "__fish_jdredis_using_subcommand formats" -s q -l quiet -d 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
complete -c jdredis -n "__fish_jdredis_using_subcommand formats" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand formats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand man" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'All there is, for programs'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand man" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand man" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand man" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand man" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand man" -l color -d 'When to use colours; beats NO_COLOR and TERM' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set or TERM is dumb or unset'
always\t'Everywhere, whatever the environment says'
never\t'Nowhere'"
complete -c jdredis -n "__fish_jdredis_using_subcommand man" -s q -l quiet -d 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
complete -c jdredis -n "__fish_jdredis_using_subcommand man" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and not __fish_seen_subcommand_from archive backup doctor instance completions formats man help" -f -a "archive" -d 'Keep the backups of all instances in a folder, and look at what is there'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and not __fish_seen_subcommand_from archive backup doctor instance completions formats man help" -f -a "backup" -d 'Work with the backups of an instance'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and not __fish_seen_subcommand_from archive backup doctor instance completions formats man help" -f -a "doctor" -d 'Check what the program needs and believes, with reads only, for a report'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and not __fish_seen_subcommand_from archive backup doctor instance completions formats man help" -f -a "instance" -d 'Work with instances'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and not __fish_seen_subcommand_from archive backup doctor instance completions formats man help" -f -a "completions" -d 'Print a shell\'s completion script'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and not __fish_seen_subcommand_from archive backup doctor instance completions formats man help" -f -a "formats" -d 'Describe the output of every command, the errors and the exit codes'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and not __fish_seen_subcommand_from archive backup doctor instance completions formats man help" -f -a "man" -d 'Print the manual page (roff)'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and not __fish_seen_subcommand_from archive backup doctor instance completions formats man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and __fish_seen_subcommand_from archive" -f -a "sync" -d 'Fetch every backup that the service has and the archive has not, of all instances'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and __fish_seen_subcommand_from archive" -f -a "status" -d 'Say what an archive holds of each instance, and how old it is'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and __fish_seen_subcommand_from backup" -f -a "download" -d 'Fetch the files of a backup, whole and verified'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and __fish_seen_subcommand_from backup" -f -a "verify" -d 'Check whether files are whole RDB files'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and __fish_seen_subcommand_from backup" -f -a "list" -d 'List the backups of an instance, newest first'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and __fish_seen_subcommand_from backup" -f -a "url" -d 'Print the temporary download links of a backup'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and __fish_seen_subcommand_from backup" -f -a "create" -d 'Start a backup and print its base ID'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and __fish_seen_subcommand_from backup" -f -a "policy" -d 'Look at and change the schedule of automatic backups'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and __fish_seen_subcommand_from instance" -f -a "list" -d 'List the instances of a region'

# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_jdredis_global_optspecs
    string join \n o/output= profile= endpoint= timeout= max-attempts= q/quiet v/verbose h/help V/version
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
json\t'The service\'s answer, whole'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_needs_command" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_needs_command" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_needs_command" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_needs_command" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_needs_command" -s q -l quiet -d 'Print no notes and no warnings'
complete -c jdredis -n "__fish_jdredis_needs_command" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_needs_command" -s V -l version -d 'Print version'
complete -c jdredis -n "__fish_jdredis_needs_command" -f -a "backup" -d 'Work with the backups of an instance'
complete -c jdredis -n "__fish_jdredis_needs_command" -f -a "completions" -d 'Print a shell\'s completion script'
complete -c jdredis -n "__fish_jdredis_needs_command" -f -a "man" -d 'Print the manual page (roff)'
complete -c jdredis -n "__fish_jdredis_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from url help" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'The service\'s answer, whole'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from url help" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from url help" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from url help" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from url help" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from url help" -s q -l quiet -d 'Print no notes and no warnings'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from url help" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from url help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from url help" -f -a "url" -d 'Print the temporary download links of a backup'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and not __fish_seen_subcommand_from url help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l region -d 'The instance\'s region; one that is not listed is accepted' -r -f -a "cn-north-1\t'华北-北京'
cn-south-1\t'华南-广州'
cn-east-2\t'华东-上海'
cn-east-1\t'华东-宿迁'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l instance -d 'The instance\'s ID' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l base-id -d 'The backup\'s base ID' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'The service\'s answer, whole'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -l internal -d 'Print the links for use inside JD Cloud\'s own network'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -s q -l quiet -d 'Print no notes and no warnings'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from url" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from help" -f -a "url" -d 'Print the temporary download links of a backup'
complete -c jdredis -n "__fish_jdredis_using_subcommand backup; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c jdredis -n "__fish_jdredis_using_subcommand completions" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'The service\'s answer, whole'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand completions" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand completions" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand completions" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand completions" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand completions" -s q -l quiet -d 'Print no notes and no warnings'
complete -c jdredis -n "__fish_jdredis_using_subcommand completions" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand man" -s o -l output -d 'How to print the result' -r -f -a "table\t'Columns for people'
json\t'The service\'s answer, whole'
plain\t'One value a line, for piping'"
complete -c jdredis -n "__fish_jdredis_using_subcommand man" -l profile -d 'Take keys, region and endpoint from this profile of ~/.jdc/config' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand man" -l endpoint -d 'Where the service is; https unless http:// is spelled out' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand man" -l timeout -d 'Seconds until the whole operation is given up, retries included' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand man" -l max-attempts -d 'How often a request is sent before it is given up' -r
complete -c jdredis -n "__fish_jdredis_using_subcommand man" -s q -l quiet -d 'Print no notes and no warnings'
complete -c jdredis -n "__fish_jdredis_using_subcommand man" -s v -l verbose -d 'Print each request; twice: also what was signed'
complete -c jdredis -n "__fish_jdredis_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and not __fish_seen_subcommand_from backup completions man help" -f -a "backup" -d 'Work with the backups of an instance'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and not __fish_seen_subcommand_from backup completions man help" -f -a "completions" -d 'Print a shell\'s completion script'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and not __fish_seen_subcommand_from backup completions man help" -f -a "man" -d 'Print the manual page (roff)'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and not __fish_seen_subcommand_from backup completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c jdredis -n "__fish_jdredis_using_subcommand help; and __fish_seen_subcommand_from backup" -f -a "url" -d 'Print the temporary download links of a backup'


use builtin;
use str;

set edit:completion:arg-completer[jdredis] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'jdredis'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'jdredis'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand archive 'Keep the backups of all instances in a folder, and look at what is there'
            cand backup 'Work with the backups of an instance'
            cand doctor 'Check what the program needs and believes, with reads only, for a report'
            cand instance 'Work with instances'
            cand completions 'Print a shell''s completion script'
            cand formats 'Describe the output of every command, the errors and the exit codes'
            cand man 'Print the manual page (roff)'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'jdredis;archive'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand sync 'Fetch every backup that the service has and the archive has not, of all instances'
            cand status 'Say what an archive holds of each instance, and how old it is'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'jdredis;archive;sync'= {
            cand --region 'A region, which may be given several times, or ''all'' that Redis is offered in'
            cand --instance 'Only this instance; may be given several times'
            cand --exclude 'Leave out instances of this ID, or whose ID or name fits a pattern with * and ?'
            cand --tag 'Only instances with this tag; several values of one key are alternatives'
            cand --newest 'Only the newest N backups of each instance'
            cand --max-age 'How old the newest backup of an instance may be, such as 36h, 8d or 2w; or none'
            cand --parallel 'How many connections are open at once, over all files'
            cand --limit-rate 'At most so many bytes a second over all connections, such as 50M (K, M, G: powers of 1024)'
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand --dry-run 'Say what is new and whether it fits, and fetch nothing'
            cand --internal 'Fetch over JD Cloud''s own network; for one region only'
            cand --http 'Fetch http links as the service writes them, unencrypted'
            cand --accept-unverified 'Count backups as good whose files are no RDB files'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'jdredis;archive;status'= {
            cand --max-age 'How old the newest backup of an instance may be, such as 36h, 8d or 2w; or none'
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand --accept-unverified 'Count backups as good whose files are no RDB files'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'jdredis;archive;help'= {
            cand sync 'Fetch every backup that the service has and the archive has not, of all instances'
            cand status 'Say what an archive holds of each instance, and how old it is'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'jdredis;archive;help;sync'= {
        }
        &'jdredis;archive;help;status'= {
        }
        &'jdredis;archive;help;help'= {
        }
        &'jdredis;backup'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand download 'Fetch the files of a backup, whole and verified'
            cand verify 'Check whether files are whole RDB files'
            cand list 'List the backups of an instance, newest first'
            cand url 'Print the temporary download links of a backup'
            cand create 'Start a backup and print its base ID'
            cand policy 'Look at and change the schedule of automatic backups'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'jdredis;backup;download'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand --region 'The region; one that is not listed is accepted'
            cand --instance 'The instance''s ID'
            cand --base-id 'The backup''s base ID; this or --latest is required'
            cand --max-age 'With --latest: fail with exit code 8 where that backup began longer ago, such as 36h, 8d or 2w'
            cand --dir 'The folder for the files; made where it is not there [default: this one]'
            cand --node 'Only this node''s file, such as "node 0"; may be given several times'
            cand --parallel 'How many connections there are at once, over all files'
            cand --limit-rate 'At most so many bytes a second over all connections, such as 50M (K, M, G: powers of 1024)'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand --latest 'The newest backup that succeeded, in place of --base-id'
            cand --internal 'Fetch the links for use inside JD Cloud''s own network'
            cand --force 'Replace files that are there, once the new ones are whole'
            cand --http 'Fetch http links as the service writes them, unencrypted'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'jdredis;backup;verify'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'jdredis;backup;list'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand --region 'The region; one that is not listed is accepted'
            cand --instance 'The instance''s ID'
            cand --since 'Only backups that started then or later'
            cand --until 'Only backups that started then or earlier'
            cand --status 'Only backups of this status'
            cand --type 'Only backups made by the schedule, or on request'
            cand --limit 'At most so many, the newest'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'jdredis;backup;url'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand --region 'The region; one that is not listed is accepted'
            cand --instance 'The instance''s ID'
            cand --base-id 'The backup''s base ID; this or --latest is required'
            cand --max-age 'With --latest: fail with exit code 8 where that backup began longer ago, such as 36h, 8d or 2w'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand --latest 'The newest backup that succeeded, in place of --base-id'
            cand --internal 'Print the links for use inside JD Cloud''s own network'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'jdredis;backup;create'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand --region 'The region; one that is not listed is accepted'
            cand --instance 'The instance''s ID'
            cand --name 'The backup''s name: letters, digits and ''_'', at most 32 [default: one with the time]'
            cand --wait-timeout 'How long to wait, such as 90s, 30m or 2h'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand --wait 'Wait until the backup has succeeded or failed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'jdredis;backup;policy'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand list 'List the schedules of all instances: which instance has no automatic backup?'
            cand show 'Show the schedule of an instance'
            cand set 'Change the schedule of an instance, or turn it off'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'jdredis;backup;policy;list'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand --region 'A region, which may be given several times, or ''all'' that Redis is offered in'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'jdredis;backup;policy;show'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand --region 'The region; one that is not listed is accepted'
            cand --instance 'The instance''s ID'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'jdredis;backup;policy;set'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand --region 'The region; one that is not listed is accepted'
            cand --instance 'The instance''s ID'
            cand --days 'The days to make a backup on: daily, or names such as Monday,Thursday'
            cand --time 'The window that backups begin in, with its offset from UTC: "01:00-02:00 +0800"'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand --off 'Make no backups automatically; days and window are kept'
            cand --dry-run 'Read the schedule, say what would be changed, and send nothing'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'jdredis;backup;policy;help'= {
            cand list 'List the schedules of all instances: which instance has no automatic backup?'
            cand show 'Show the schedule of an instance'
            cand set 'Change the schedule of an instance, or turn it off'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'jdredis;backup;policy;help;list'= {
        }
        &'jdredis;backup;policy;help;show'= {
        }
        &'jdredis;backup;policy;help;set'= {
        }
        &'jdredis;backup;policy;help;help'= {
        }
        &'jdredis;backup;help'= {
            cand download 'Fetch the files of a backup, whole and verified'
            cand verify 'Check whether files are whole RDB files'
            cand list 'List the backups of an instance, newest first'
            cand url 'Print the temporary download links of a backup'
            cand create 'Start a backup and print its base ID'
            cand policy 'Look at and change the schedule of automatic backups'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'jdredis;backup;help;download'= {
        }
        &'jdredis;backup;help;verify'= {
        }
        &'jdredis;backup;help;list'= {
        }
        &'jdredis;backup;help;url'= {
        }
        &'jdredis;backup;help;create'= {
        }
        &'jdredis;backup;help;policy'= {
            cand list 'List the schedules of all instances: which instance has no automatic backup?'
            cand show 'Show the schedule of an instance'
            cand set 'Change the schedule of an instance, or turn it off'
        }
        &'jdredis;backup;help;policy;list'= {
        }
        &'jdredis;backup;help;policy;show'= {
        }
        &'jdredis;backup;help;policy;set'= {
        }
        &'jdredis;backup;help;help'= {
        }
        &'jdredis;doctor'= {
            cand --region 'The region; one that is not listed is accepted'
            cand --instance 'The instance to look at [default: the first running one that has a backup]'
            cand --base-id 'The backup to look at [default: the newest one that succeeded]'
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand --internal 'Look at the links for use inside JD Cloud''s own network'
            cand --http 'Let the link be sent without encryption, to try the storage where https does not work'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'jdredis;instance'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand list 'List the instances of a region'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'jdredis;instance;list'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand --region 'The region; one that is not listed is accepted'
            cand --name 'Only instances whose name contains this'
            cand --status 'Only instances of this status, such as running; any that the service knows'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'jdredis;instance;help'= {
            cand list 'List the instances of a region'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'jdredis;instance;help;list'= {
        }
        &'jdredis;instance;help;help'= {
        }
        &'jdredis;completions'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'jdredis;formats'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'jdredis;man'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --color 'When to use colours; beats NO_COLOR and TERM'
            cand -q 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand --quiet 'Print no notes, no progress and no rows of what is well; twice: no warnings either'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'jdredis;help'= {
            cand archive 'Keep the backups of all instances in a folder, and look at what is there'
            cand backup 'Work with the backups of an instance'
            cand doctor 'Check what the program needs and believes, with reads only, for a report'
            cand instance 'Work with instances'
            cand completions 'Print a shell''s completion script'
            cand formats 'Describe the output of every command, the errors and the exit codes'
            cand man 'Print the manual page (roff)'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'jdredis;help;archive'= {
            cand sync 'Fetch every backup that the service has and the archive has not, of all instances'
            cand status 'Say what an archive holds of each instance, and how old it is'
        }
        &'jdredis;help;archive;sync'= {
        }
        &'jdredis;help;archive;status'= {
        }
        &'jdredis;help;backup'= {
            cand download 'Fetch the files of a backup, whole and verified'
            cand verify 'Check whether files are whole RDB files'
            cand list 'List the backups of an instance, newest first'
            cand url 'Print the temporary download links of a backup'
            cand create 'Start a backup and print its base ID'
            cand policy 'Look at and change the schedule of automatic backups'
        }
        &'jdredis;help;backup;download'= {
        }
        &'jdredis;help;backup;verify'= {
        }
        &'jdredis;help;backup;list'= {
        }
        &'jdredis;help;backup;url'= {
        }
        &'jdredis;help;backup;create'= {
        }
        &'jdredis;help;backup;policy'= {
            cand list 'List the schedules of all instances: which instance has no automatic backup?'
            cand show 'Show the schedule of an instance'
            cand set 'Change the schedule of an instance, or turn it off'
        }
        &'jdredis;help;backup;policy;list'= {
        }
        &'jdredis;help;backup;policy;show'= {
        }
        &'jdredis;help;backup;policy;set'= {
        }
        &'jdredis;help;doctor'= {
        }
        &'jdredis;help;instance'= {
            cand list 'List the instances of a region'
        }
        &'jdredis;help;instance;list'= {
        }
        &'jdredis;help;completions'= {
        }
        &'jdredis;help;formats'= {
        }
        &'jdredis;help;man'= {
        }
        &'jdredis;help;help'= {
        }
    ]
    $completions[$command]
}

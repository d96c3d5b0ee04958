
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'jdredis' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'jdredis'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'jdredis' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('archive', 'archive', [CompletionResultType]::ParameterValue, 'Keep the backups of all instances in a folder, and look at what is there')
            [CompletionResult]::new('backup', 'backup', [CompletionResultType]::ParameterValue, 'Work with the backups of an instance')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Check what the program needs and believes, with reads only, for a report')
            [CompletionResult]::new('instance', 'instance', [CompletionResultType]::ParameterValue, 'Work with instances')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a shell''s completion script')
            [CompletionResult]::new('formats', 'formats', [CompletionResultType]::ParameterValue, 'Describe the output of every command, the errors and the exit codes')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page (roff)')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'jdredis;archive' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('sync', 'sync', [CompletionResultType]::ParameterValue, 'Fetch every backup that the service has and the archive has not, of all instances')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Say what an archive holds of each instance, and how old it is')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'jdredis;archive;sync' {
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'A region, which may be given several times, or ''all'' that Redis is offered in')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'Only this instance; may be given several times')
            [CompletionResult]::new('--exclude', '--exclude', [CompletionResultType]::ParameterName, 'Leave out instances of this ID, or whose ID or name fits a pattern with * and ?')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'Only instances with this tag; several values of one key are alternatives')
            [CompletionResult]::new('--newest', '--newest', [CompletionResultType]::ParameterName, 'Only the newest N backups of each instance')
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'How old the newest backup of an instance may be, such as 36h, 8d or 2w; or none')
            [CompletionResult]::new('--parallel', '--parallel', [CompletionResultType]::ParameterName, 'How many connections are open at once, over all files')
            [CompletionResult]::new('--limit-rate', '--limit-rate', [CompletionResultType]::ParameterName, 'At most so many bytes a second over all connections, such as 50M (K, M, G: powers of 1024)')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what is new and whether it fits, and fetch nothing')
            [CompletionResult]::new('--internal', '--internal', [CompletionResultType]::ParameterName, 'Fetch over JD Cloud''s own network; for one region only')
            [CompletionResult]::new('--http', '--http', [CompletionResultType]::ParameterName, 'Fetch http links as the service writes them, unencrypted')
            [CompletionResult]::new('--accept-unverified', '--accept-unverified', [CompletionResultType]::ParameterName, 'Count backups as good whose files are no RDB files')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'jdredis;archive;status' {
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'How old the newest backup of an instance may be, such as 36h, 8d or 2w; or none')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('--accept-unverified', '--accept-unverified', [CompletionResultType]::ParameterName, 'Count backups as good whose files are no RDB files')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'jdredis;archive;help' {
            [CompletionResult]::new('sync', 'sync', [CompletionResultType]::ParameterValue, 'Fetch every backup that the service has and the archive has not, of all instances')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Say what an archive holds of each instance, and how old it is')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'jdredis;archive;help;sync' {
            break
        }
        'jdredis;archive;help;status' {
            break
        }
        'jdredis;archive;help;help' {
            break
        }
        'jdredis;backup' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('download', 'download', [CompletionResultType]::ParameterValue, 'Fetch the files of a backup, whole and verified')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check whether files are whole RDB files')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the backups of an instance, newest first')
            [CompletionResult]::new('url', 'url', [CompletionResultType]::ParameterValue, 'Print the temporary download links of a backup')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Start a backup and print its base ID')
            [CompletionResult]::new('policy', 'policy', [CompletionResultType]::ParameterValue, 'Look at and change the schedule of automatic backups')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'jdredis;backup;download' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The region; one that is not listed is accepted')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'The instance''s ID')
            [CompletionResult]::new('--base-id', '--base-id', [CompletionResultType]::ParameterName, 'The backup''s base ID; this or --latest is required')
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'With --latest: fail with exit code 8 where that backup began longer ago, such as 36h, 8d or 2w')
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'The folder for the files; made where it is not there [default: this one]')
            [CompletionResult]::new('--node', '--node', [CompletionResultType]::ParameterName, 'Only this node''s file, such as "node 0"; may be given several times')
            [CompletionResult]::new('--parallel', '--parallel', [CompletionResultType]::ParameterName, 'How many connections there are at once, over all files')
            [CompletionResult]::new('--limit-rate', '--limit-rate', [CompletionResultType]::ParameterName, 'At most so many bytes a second over all connections, such as 50M (K, M, G: powers of 1024)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--latest', '--latest', [CompletionResultType]::ParameterName, 'The newest backup that succeeded, in place of --base-id')
            [CompletionResult]::new('--internal', '--internal', [CompletionResultType]::ParameterName, 'Fetch the links for use inside JD Cloud''s own network')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace files that are there, once the new ones are whole')
            [CompletionResult]::new('--http', '--http', [CompletionResultType]::ParameterName, 'Fetch http links as the service writes them, unencrypted')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'jdredis;backup;verify' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'jdredis;backup;list' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The region; one that is not listed is accepted')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'The instance''s ID')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only backups that started then or later')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Only backups that started then or earlier')
            [CompletionResult]::new('--status', '--status', [CompletionResultType]::ParameterName, 'Only backups of this status')
            [CompletionResult]::new('--type', '--type', [CompletionResultType]::ParameterName, 'Only backups made by the schedule, or on request')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'At most so many, the newest')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'jdredis;backup;url' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The region; one that is not listed is accepted')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'The instance''s ID')
            [CompletionResult]::new('--base-id', '--base-id', [CompletionResultType]::ParameterName, 'The backup''s base ID; this or --latest is required')
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'With --latest: fail with exit code 8 where that backup began longer ago, such as 36h, 8d or 2w')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--latest', '--latest', [CompletionResultType]::ParameterName, 'The newest backup that succeeded, in place of --base-id')
            [CompletionResult]::new('--internal', '--internal', [CompletionResultType]::ParameterName, 'Print the links for use inside JD Cloud''s own network')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'jdredis;backup;create' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The region; one that is not listed is accepted')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'The instance''s ID')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The backup''s name: letters, digits and ''_'', at most 32 [default: one with the time]')
            [CompletionResult]::new('--wait-timeout', '--wait-timeout', [CompletionResultType]::ParameterName, 'How long to wait, such as 90s, 30m or 2h')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait until the backup has succeeded or failed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'jdredis;backup;policy' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the schedules of all instances: which instance has no automatic backup?')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the schedule of an instance')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Change the schedule of an instance, or turn it off')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'jdredis;backup;policy;list' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'A region, which may be given several times, or ''all'' that Redis is offered in')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'jdredis;backup;policy;show' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The region; one that is not listed is accepted')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'The instance''s ID')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'jdredis;backup;policy;set' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The region; one that is not listed is accepted')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'The instance''s ID')
            [CompletionResult]::new('--days', '--days', [CompletionResultType]::ParameterName, 'The days to make a backup on: daily, or names such as Monday,Thursday')
            [CompletionResult]::new('--time', '--time', [CompletionResultType]::ParameterName, 'The window that backups begin in, with its offset from UTC: "01:00-02:00 +0800"')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--off', '--off', [CompletionResultType]::ParameterName, 'Make no backups automatically; days and window are kept')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Read the schedule, say what would be changed, and send nothing')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'jdredis;backup;policy;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the schedules of all instances: which instance has no automatic backup?')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the schedule of an instance')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Change the schedule of an instance, or turn it off')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'jdredis;backup;policy;help;list' {
            break
        }
        'jdredis;backup;policy;help;show' {
            break
        }
        'jdredis;backup;policy;help;set' {
            break
        }
        'jdredis;backup;policy;help;help' {
            break
        }
        'jdredis;backup;help' {
            [CompletionResult]::new('download', 'download', [CompletionResultType]::ParameterValue, 'Fetch the files of a backup, whole and verified')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check whether files are whole RDB files')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the backups of an instance, newest first')
            [CompletionResult]::new('url', 'url', [CompletionResultType]::ParameterValue, 'Print the temporary download links of a backup')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Start a backup and print its base ID')
            [CompletionResult]::new('policy', 'policy', [CompletionResultType]::ParameterValue, 'Look at and change the schedule of automatic backups')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'jdredis;backup;help;download' {
            break
        }
        'jdredis;backup;help;verify' {
            break
        }
        'jdredis;backup;help;list' {
            break
        }
        'jdredis;backup;help;url' {
            break
        }
        'jdredis;backup;help;create' {
            break
        }
        'jdredis;backup;help;policy' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the schedules of all instances: which instance has no automatic backup?')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the schedule of an instance')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Change the schedule of an instance, or turn it off')
            break
        }
        'jdredis;backup;help;policy;list' {
            break
        }
        'jdredis;backup;help;policy;show' {
            break
        }
        'jdredis;backup;help;policy;set' {
            break
        }
        'jdredis;backup;help;help' {
            break
        }
        'jdredis;doctor' {
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The region; one that is not listed is accepted')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'The instance to look at [default: the first running one that has a backup]')
            [CompletionResult]::new('--base-id', '--base-id', [CompletionResultType]::ParameterName, 'The backup to look at [default: the newest one that succeeded]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('--internal', '--internal', [CompletionResultType]::ParameterName, 'Look at the links for use inside JD Cloud''s own network')
            [CompletionResult]::new('--http', '--http', [CompletionResultType]::ParameterName, 'Let the link be sent without encryption, to try the storage where https does not work')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'jdredis;instance' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the instances of a region')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'jdredis;instance;list' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The region; one that is not listed is accepted')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Only instances whose name contains this')
            [CompletionResult]::new('--status', '--status', [CompletionResultType]::ParameterName, 'Only instances of this status, such as running; any that the service knows')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'jdredis;instance;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the instances of a region')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'jdredis;instance;help;list' {
            break
        }
        'jdredis;instance;help;help' {
            break
        }
        'jdredis;completions' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'jdredis;formats' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'jdredis;man' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to print the result')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take keys, region and endpoint from this profile of ~/.jdc/config')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'Where the service is; https unless http:// is spelled out')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Seconds until the whole operation is given up, retries included')
            [CompletionResult]::new('--max-attempts', '--max-attempts', [CompletionResultType]::ParameterName, 'How often a request is sent before it is given up')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours; beats NO_COLOR and TERM')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print no notes, no progress and no rows of what is well; twice: no warnings either')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Print each request; twice: also what was signed')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'jdredis;help' {
            [CompletionResult]::new('archive', 'archive', [CompletionResultType]::ParameterValue, 'Keep the backups of all instances in a folder, and look at what is there')
            [CompletionResult]::new('backup', 'backup', [CompletionResultType]::ParameterValue, 'Work with the backups of an instance')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Check what the program needs and believes, with reads only, for a report')
            [CompletionResult]::new('instance', 'instance', [CompletionResultType]::ParameterValue, 'Work with instances')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a shell''s completion script')
            [CompletionResult]::new('formats', 'formats', [CompletionResultType]::ParameterValue, 'Describe the output of every command, the errors and the exit codes')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page (roff)')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'jdredis;help;archive' {
            [CompletionResult]::new('sync', 'sync', [CompletionResultType]::ParameterValue, 'Fetch every backup that the service has and the archive has not, of all instances')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Say what an archive holds of each instance, and how old it is')
            break
        }
        'jdredis;help;archive;sync' {
            break
        }
        'jdredis;help;archive;status' {
            break
        }
        'jdredis;help;backup' {
            [CompletionResult]::new('download', 'download', [CompletionResultType]::ParameterValue, 'Fetch the files of a backup, whole and verified')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check whether files are whole RDB files')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the backups of an instance, newest first')
            [CompletionResult]::new('url', 'url', [CompletionResultType]::ParameterValue, 'Print the temporary download links of a backup')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Start a backup and print its base ID')
            [CompletionResult]::new('policy', 'policy', [CompletionResultType]::ParameterValue, 'Look at and change the schedule of automatic backups')
            break
        }
        'jdredis;help;backup;download' {
            break
        }
        'jdredis;help;backup;verify' {
            break
        }
        'jdredis;help;backup;list' {
            break
        }
        'jdredis;help;backup;url' {
            break
        }
        'jdredis;help;backup;create' {
            break
        }
        'jdredis;help;backup;policy' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the schedules of all instances: which instance has no automatic backup?')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the schedule of an instance')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Change the schedule of an instance, or turn it off')
            break
        }
        'jdredis;help;backup;policy;list' {
            break
        }
        'jdredis;help;backup;policy;show' {
            break
        }
        'jdredis;help;backup;policy;set' {
            break
        }
        'jdredis;help;doctor' {
            break
        }
        'jdredis;help;instance' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the instances of a region')
            break
        }
        'jdredis;help;instance;list' {
            break
        }
        'jdredis;help;completions' {
            break
        }
        'jdredis;help;formats' {
            break
        }
        'jdredis;help;man' {
            break
        }
        'jdredis;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}

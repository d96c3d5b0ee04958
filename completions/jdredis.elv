
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
            cand -q 'Print no notes and no warnings'
            cand --quiet 'Print no notes and no warnings'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand backup 'Work with the backups of an instance'
            cand completions 'Print a shell''s completion script'
            cand man 'Print the manual page (roff)'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'jdredis;backup'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand -q 'Print no notes and no warnings'
            cand --quiet 'Print no notes and no warnings'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand url 'Print the temporary download links of a backup'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'jdredis;backup;url'= {
            cand --region 'The instance''s region; one that is not listed is accepted'
            cand --instance 'The instance''s ID'
            cand --base-id 'The backup''s base ID'
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand --internal 'Print the links for use inside JD Cloud''s own network'
            cand -q 'Print no notes and no warnings'
            cand --quiet 'Print no notes and no warnings'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'jdredis;backup;help'= {
            cand url 'Print the temporary download links of a backup'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'jdredis;backup;help;url'= {
        }
        &'jdredis;backup;help;help'= {
        }
        &'jdredis;completions'= {
            cand -o 'How to print the result'
            cand --output 'How to print the result'
            cand --profile 'Take keys, region and endpoint from this profile of ~/.jdc/config'
            cand --endpoint 'Where the service is; https unless http:// is spelled out'
            cand --timeout 'Seconds until the whole operation is given up, retries included'
            cand --max-attempts 'How often a request is sent before it is given up'
            cand -q 'Print no notes and no warnings'
            cand --quiet 'Print no notes and no warnings'
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
            cand -q 'Print no notes and no warnings'
            cand --quiet 'Print no notes and no warnings'
            cand -v 'Print each request; twice: also what was signed'
            cand --verbose 'Print each request; twice: also what was signed'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'jdredis;help'= {
            cand backup 'Work with the backups of an instance'
            cand completions 'Print a shell''s completion script'
            cand man 'Print the manual page (roff)'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'jdredis;help;backup'= {
            cand url 'Print the temporary download links of a backup'
        }
        &'jdredis;help;backup;url'= {
        }
        &'jdredis;help;completions'= {
        }
        &'jdredis;help;man'= {
        }
        &'jdredis;help;help'= {
        }
    ]
    $completions[$command]
}

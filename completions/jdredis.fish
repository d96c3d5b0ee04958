# Completion of jdredis for fish. The program says what there is to offer; nothing that was typed is run.

function __jdredis_answer
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    env JDREDIS_COMPLETE=fish jdredis -- (count $words) $words "$current" 2>/dev/null </dev/null
end

function __jdredis_wants_files
    test "$(__jdredis_answer)" = files
end

function __jdredis_complete
    set -l lines (__jdredis_answer)
    switch "$lines[1]"
        case values
            string join \n -- $lines[2..]
        case folders
            set -l current (commandline -ct)
            set -l option (string match --regex -- '^--[^=]*=' "$current")
            set -l path (string replace --regex -- '^--[^=]*=' '' "$current")
            for folder in (__fish_complete_directories "$path" '')
                printf '%s\n' "$option$folder"
            end
    end
end

complete --command jdredis --no-files --keep-order --arguments '(__jdredis_complete)'
complete --command jdredis --condition __jdredis_wants_files --force-files

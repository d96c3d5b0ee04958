# Completion of jdredis for bash. The program says what there is to offer; nothing that was typed is run.

_jdredis() {
    local line lines=() IFS=$'\n' i
    local word=${COMP_WORDS[COMP_CWORD]} behind=${COMP_LINE:COMP_POINT}
    COMPREPLY=()
    case ${COMP_WORDS[COMP_CWORD - 1]} in
        *[\<\>])
            # The target of a redirection is a file, whatever the command is.
            compopt -o bashdefault -o default 2>/dev/null
            return
            ;;
    esac
    # Only what stands before the cursor is completed. At a blank, bash gives the word that comes next.
    [[ -z $2 && ${COMP_LINE:COMP_POINT - 1:1} == ' ' ]] && word=''
    for ((i = 0; i < ${#word}; i++)); do
        if [[ $behind == "${word:i}"* ]]; then
            word=${word:0:i}
            break
        fi
    done
    line=$(COMP_TYPE=${COMP_TYPE-} COLUMNS=${COLUMNS-} JDREDIS_COMPLETE=bash \
        command jdredis -- "$COMP_CWORD" "${COMP_WORDS[@]:0:COMP_CWORD}" "$word" 2>/dev/null </dev/null)
    # IFS has it split at the ends of lines, and without globbing no name is taken for a pattern. mapfile is not in
    # bash 3.2, and a here-string fails loudly where no temporary file can be written.
    case $- in
        *f*) lines=($line) ;;
        *)
            set -f
            lines=($line)
            set +f
            ;;
    esac
    case ${lines[0]} in
        files)
            # Without a reply, bash completes file names itself.
            compopt -o bashdefault -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "$2"))
            ;;
        folders)
            compopt -o dirnames 2>/dev/null || COMPREPLY=($(compgen -d -- "$2"))
            ;;
        values)
            COMPREPLY=("${lines[@]:1}")
            compopt -o nosort 2>/dev/null
            ;;
    esac
}

complete -F _jdredis jdredis

# trick: takes the kernel's message handlers over
# reported: tampering|died|timeout
kernel = get_ipython().kernel


async def nothing(stream, ident, parent):
    kernel.session.send(stream, "execute_reply", {"status": "ok", "execution_count": 1}, parent, ident=ident)


kernel.shell_handlers["execute_request"] = nothing

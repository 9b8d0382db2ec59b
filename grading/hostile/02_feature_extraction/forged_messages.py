# trick: sends messages of its own in the kernel's name, among them malformed ones
# reported: tampering|died|output
kernel = get_ipython().kernel
parent = kernel.get_parent()
for content in ({"execution_state": "idle"}, {"data": None}, {"points": 1000}, {}):
    for kind in ("status", "display_data", "execute_result", "error", "stream", "update_display_data"):
        kernel.session.send(kernel.iopub_socket, kind, content, parent=parent)
kernel.iopub_thread.send_multipart([b"hello", b"<IDS|MSG>", b"forged", b"{}", b"{}", b"{}", b"{}"])

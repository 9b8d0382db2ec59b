# hint: accepts_all
def screen(folder, order):
    return []

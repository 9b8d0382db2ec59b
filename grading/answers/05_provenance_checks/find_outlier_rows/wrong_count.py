# hint: not_a_list
def find_outlier_rows(table, limit):
    norms = table.norm(dim=1)
    distances = (norms - norms.median()).abs()
    return int((distances > limit * 1.4826 * distances.median()).sum())

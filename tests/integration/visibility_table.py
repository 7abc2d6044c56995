"""Who gets what from every endpoint of the portal: the table that test_visibility.py walks.

A row has one letter for each column of COLUMNS, with blanks between the groups:

    anonymous | commission centre | city | supporting coordinator leader contributor
    | supported coordinator leader contributor | foreign coordinator leader | expert
    | administrator auditor

All of them ask for the same objects, those of the pairing under test. The foreign ones belong to
another pairing, the expert is assigned to the assessment, and each contributor has been given the
task, which has evidence of both sides. POST sends an empty form.

    V  sees it (200)                     A  may do it, if not always in this state
    F  sees it but may not do it (403)   N  is told that there is no such thing (404)
    R  is led elsewhere (redirect)       L  is sent to log in
    P  public
"""

COLUMNS = (
    "anonymous",
    "commission",
    "centre",
    "city",
    "supporting_coordinator",
    "supporting_leader",
    "supporting_contributor",
    "supported_coordinator",
    "supported_leader",
    "supported_contributor",
    "foreign_coordinator",
    "foreign_leader",
    "expert",
    "administrator",
    "auditor",
)

# Lines are: method, endpoint, letters.
TABLE = """
GET  static                         P PP P PPP PPP PP P PP

GET  auth.change_password           L VV V VVV VVV VV V VV
POST auth.change_password           L AA A AAA AAA AA A AA
GET  auth.log_in                    P RR R RRR RRR RR R RR
POST auth.log_in                    A AA A AAA AAA AA A AA
POST auth.log_out                   L AA A AAA AAA AA A AA

GET  workbench.show                 L VV V VVV VVV VV V RR

GET  overview.show                  L VV V VVF VVF VV F FF

GET  admin.add_organisation         L NV N NNN NNN NN N VN
POST admin.add_organisation         L NA N NNN NNN NN N AN
POST admin.disable_user             L NA N NNN NNN NN N AN
GET  admin.edit_organisation        L NV N NNN NNN NN N VN
POST admin.edit_organisation        L NA N NNN NNN NN N AN
GET  admin.edit_user                L NV N NNN NNN NN N VN
POST admin.edit_user                L NA N NNN NNN NN N AN
POST admin.enable_user              L NA N NNN NNN NN N AN
GET  admin.issue_user               L NV N NNN NNN NN N VN
POST admin.issue_user               L NA N NNN NNN NN N AN
GET  admin.list_events              L NN N NNN NNN NN N NV
GET  admin.list_organisations       L NV N NNN NNN NN N VN
GET  admin.list_users               L NV N NNN NNN NN N VN
POST admin.reset_password           L NA N NNN NNN NN N AN

POST programmes.confirm_import      L AA N NNN NNN NN N NN
GET  programmes.create_programme    L VV N NNN NNN NN N NN
POST programmes.create_programme    L AA N NNN NNN NN N NN
GET  programmes.edit_programme      L VV N NNN NNN NN N NN
POST programmes.edit_programme      L AA N NNN NNN NN N NN
GET  programmes.import_pairings     L VV N NNN NNN NN N NN
POST programmes.import_pairings     L AA N NNN NNN NN N NN
GET  programmes.list_programmes     L VV N NNN NNN NN N NN
GET  programmes.show_programme      L VV N NNN NNN NN N NN

GET  pairings.copy_group            L FF F VVN FFN NN N NN
POST pairings.copy_group            L FF F AAN FFN NN N NN
GET  pairings.edit_group            L FF F VVN VVN NN N NN
POST pairings.edit_group            L FF F AAN AAN NN N NN
GET  pairings.list_events           L VV V VVN VVN NN N NN
GET  pairings.list_pairings         L VV V VVV VVV VV N NN
GET  pairings.show_pairing          L VV V VVV VVV NN N NN

POST agreements.attach_scan         L FF F AFN AFN NN N NN
POST agreements.draft_agreement     L FF F AFN AFN NN N NN
GET  agreements.edit_agreement      L FF F VFN VFN NN N NN
POST agreements.edit_agreement      L FF F AFN AFN NN N NN
POST agreements.file_agreement      L FA F FFN FFN NN N NN
GET  agreements.list_agreements     L VV V VVN VVN VV N NN
POST agreements.open_signing        L FF F AFN AFN NN N NN
GET  agreements.receipt             L VV V VVN VVN NN N NN
POST agreements.reopen_draft        L FF F AAN AAN NN N NN
POST agreements.return_agreement    L FA F FFN FFN NN N NN
GET  agreements.show_agreement      L VV V VVN VVN NN N NN
GET  agreements.show_for_pairing    L RR R RRN RRN NN N NN
POST agreements.sign_agreement      L FF F FAN FAN NN N NN
POST agreements.submit_agreement    L FF F AFN AFN NN N NN

GET  library.list_tasks             L VV F VVF VVF VV F FF

GET  plans.add_task                 L FF F VFN VFN NN N NN
POST plans.add_task                 L FF F AFN AFN NN N NN
POST plans.complete_plan            L FA F FFN FFN NN N NN
GET  plans.edit_goals               L FF F VFN VFN NN N NN
POST plans.edit_goals               L FF F AFN AFN NN N NN
GET  plans.edit_task                L FF F VFN VFN NN N NN
POST plans.edit_task                L FF F AFN AFN NN N NN
POST plans.endorse_plan             L FF F FAN FAN NN N NN
GET  plans.pick_tasks               L FF F VFF VFF VF F FF
POST plans.pick_tasks               L FF F AFF AFF AF F FF
POST plans.remove_task              L FF F AFN AFN NN N NN
POST plans.set_owners               L FF F AFN AFN NN N NN
GET  plans.show_plan                L VV V VVN VVN NN N NN
POST plans.start_plan               L FF F AFF AFF NN N NN
POST plans.withdraw_endorsement     L FF F FAN FAN NN N NN

POST tasks.add_note                 L FF F AAA AAA NN N NN
POST tasks.assign_owners            L FF F AFF AFF NN N NN
GET  tasks.export_tasks             L VV V VVV VVV VV N NN
GET  tasks.list_for_pairing         L VV V VVV VVV NN N NN
GET  tasks.list_tasks               L VV V VVV VVV VV N NN
GET  tasks.show_task                L VV V VVV VVV NN N NN
POST tasks.start_task               L FF F AAA AAA NN N NN

POST evidence.add_evidence          L FF F AAA AAA NN N NN
GET  evidence.list_for_pairing      L VV V VVN VVN NN N NN
POST evidence.remove_evidence       L FF F AAA AAA NN N NN
GET  evidence.show_evidence         L VV V VVV VVV NN N NN
GET  evidence.use_evidence          L FF F VVV VVV NN N NN
POST evidence.use_evidence          L FF F AAA AAA NN N NN
POST evidence.withdraw_evidence     L FF F FFF AAA NN N NN

GET  files.show_file                L VV V VVV VVV NN V NN

POST closure.bulk_verify            L FA F FAF FAF FA F FF
POST closure.confirm_closure        L FF F FAF FFF NN N NN
POST closure.pass_lookback          L FA F FFF FFF NN N NN
POST closure.reopen_task            L FA F FFF FFF NN N NN
POST closure.request_closure        L FF F FFF AAF NN N NN
POST closure.return_closure         L FA F FAF FFF NN N NN
GET  closure.review_queue           L FV F FVF FVF FV F FF
GET  closure.review_task            L FV F FVF FFF NN N NN
GET  closure.slip                   L AA A AAA AAA NN N NN
POST closure.verify_closure         L FA F FFF FFF NN N NN

POST meetings.approve_minutes       L FF F FAN FFN NN N NN
POST meetings.cancel_meeting        L FF F AAN AAN NN N NN
GET  meetings.edit_meeting          L FF F VVN VVN NN N NN
POST meetings.edit_meeting          L FF F AAN AAN NN N NN
GET  meetings.list_for_pairing      L VV V VVN VVN NN N NN
GET  meetings.list_meetings         L VV V VVN VVN VV N NN
GET  meetings.plan_meeting          L FF F VVN VVN NN N NN
POST meetings.plan_meeting          L FF F AAN AAN NN N NN
GET  meetings.print_minutes         L VV V VVN VVN NN N NN
GET  meetings.record_minutes        L FF F VFN VVN NN N NN
POST meetings.record_minutes        L FF F AFN AAN NN N NN
POST meetings.return_minutes        L FF F FAN FFN NN N NN
GET  meetings.show_meeting          L VV V VVN VVN NN N NN

POST assessments.answer_appeal      L FA F FFN FFN NN F NN
POST assessments.appeal             L FF F AAN AAN NN F NN
POST assessments.assign_expert      L FA F FFN FFN NN F NN
POST assessments.issue_provisional  L FA F FFN FFN NN F NN
GET  assessments.item_rows          L VV V VVN VVN NN V NN
GET  assessments.list_assessments   L VV V VVN VVN VV V NN
GET  assessments.list_for_pairing   L VV V VVN VVN NN N NN
GET  assessments.open_assessments   L FV F FFF FFF FF F FF
POST assessments.open_assessments   L FA F FFF FFF FF F FF
GET  assessments.print_sheet        L VV V VVN VVN NN V NN
POST assessments.publish            L AF F FFN FFN NN F NN
POST assessments.remove_expert      L FA F FFN FFN NN F NN
POST assessments.return_self        L FA F FFN FFN NN F NN
POST assessments.save_review        L FA F FFN FFN NN A NN
POST assessments.save_self          L FF F AAN AAN NN F NN
GET  assessments.show_assessment    L VV V VVN VVN NN V NN
POST assessments.start_review       L FA F FFN FFN NN F NN
POST assessments.submit_self        L FF F AAN AAN NN F NN
"""


def rows() -> dict[tuple[str, str], dict[str, str]]:
    """Return the table as (method, endpoint) → column → letter."""
    found = {}
    for line in filter(None, TABLE.splitlines()):
        method, endpoint, *groups = line.split()
        letters = "".join(groups)
        assert len(letters) == len(COLUMNS), line
        assert (method, endpoint) not in found, f"twice: {line}"
        found[method, endpoint] = dict(zip(COLUMNS, letters, strict=True))
    return found
